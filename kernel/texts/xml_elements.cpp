// The elements of a small XML document. See xml_elements.hpp.

#include "kernel/texts/xml_elements.hpp"

#include "kernel/texts/text.hpp"

#include <algorithm>
#include <utility>

namespace jackfield::kernel {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

std::string_view without_blanks(std::string_view text)
{
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Nothing if there is an entity that we do not know.
std::optional<std::string> without_entities(std::string_view text)
{
    std::string plain;
    while (!text.empty()) {
        if (text.front() != '&') {
            plain += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto known =
            std::ranges::find_if(kEntities, [&](const auto& one) { return text.starts_with(one.first); });
        if (known == std::end(kEntities))
            return std::nullopt;
        plain += known->second;
        text.remove_prefix(known->first.size());
    }
    return plain;
}

class XmlReader {
public:
    explicit XmlReader(std::string_view document) : rest_(document) {}

    std::optional<std::vector<XmlElement>> read()
    {
        skip_declaration();
        while (!rest_.empty()) {
            if (!(rest_.front() == '<' ? markup() : characters()))
                return std::nullopt;
        }
        if (!open_.empty() || elements_.empty())
            return std::nullopt;
        return std::move(elements_);
    }

private:
    void skip_declaration()
    {
        if (rest_.starts_with("\xef\xbb\xbf"))
            rest_.remove_prefix(3);
        rest_ = without_blanks(rest_);
        if (!rest_.starts_with("<?xml ")) // XML 1.0 section 2.8
            return;
        if (const auto end = rest_.find("?>"); end != std::string_view::npos)
            rest_.remove_prefix(end + 2);
    }

    bool markup()
    {
        if (rest_.starts_with("<!--")) {
            const auto end = rest_.find("-->", 4);
            if (end == std::string_view::npos)
                return false;
            rest_.remove_prefix(end + 3);
            return true;
        }
        if (rest_.starts_with("<!") || rest_.starts_with("<?"))
            return false;
        return rest_.starts_with("</") ? end_tag() : start_tag();
    }

    bool end_tag()
    {
        const auto end = rest_.find('>');
        if (end == std::string_view::npos || open_.empty())
            return false;
        const auto name = without_blanks(rest_.substr(2, end - 2));
        rest_.remove_prefix(end + 1);
        if (name != open_.back().name)
            return false;
        auto& text = elements_[open_.back().element].text;
        text = std::string(without_blanks(text));
        open_.pop_back();
        return true;
    }

    bool start_tag()
    {
        rest_.remove_prefix(1);
        const auto name = rest_.substr(0, rest_.find_first_of(" \t\r\n/><"));
        rest_.remove_prefix(name.size());
        const bool second_root = open_.empty() && !elements_.empty();
        if (name.empty() || second_root || open_.size() == text_limits::kXmlDepth ||
            elements_.size() == text_limits::kXmlElements || !skip_attributes())
            return false;
        const auto local = name.substr(name.find(':') + 1); // npos + 1 is 0
        const auto above = open_.empty() ? std::string() : elements_[open_.back().element].path + "/";
        elements_.push_back({above + std::string(local), ""});
        const bool empty = rest_.starts_with("/>");
        if (!empty)
            open_.push_back({name, elements_.size() - 1});
        rest_.remove_prefix(empty ? 2 : 1);
        return true;
    }

    /// Up to the end of the tag, which may stand inside quotation marks.
    bool skip_attributes()
    {
        while (!rest_.empty() && !rest_.starts_with(">") && !rest_.starts_with("/>")) {
            const char c = rest_.front();
            const auto quoted = c == '"' || c == '\'' ? rest_.find(c, 1) : 0;
            if (c == '<' || quoted == std::string_view::npos)
                return false;
            rest_.remove_prefix(quoted + 1);
        }
        return !rest_.empty();
    }

    bool characters()
    {
        const auto text = rest_.substr(0, rest_.find('<'));
        rest_.remove_prefix(text.size());
        if (open_.empty())
            return without_blanks(text).empty();
        const auto plain = without_entities(text);
        if (plain)
            elements_[open_.back().element].text += *plain;
        return plain.has_value();
    }

    struct Open {
        std::string_view name; // with its prefix
        std::size_t element;
    };

    std::string_view rest_;
    std::vector<XmlElement> elements_;
    std::vector<Open> open_;
};

} // namespace

std::optional<std::vector<XmlElement>> read_xml(std::string_view document)
{
    if (document.size() > text_limits::kXmlBytes)
        return std::nullopt;
    return XmlReader(document).read();
}

const std::string* find_text(const std::vector<XmlElement>& elements, std::string_view path)
{
    const auto found = std::ranges::find(elements, path, &XmlElement::path);
    return found == elements.end() ? nullptr : &found->text;
}

std::string xml_escaped(std::string_view text)
{
    std::string escaped;
    for (const char c : text) {
        const auto known = std::ranges::find_if(kEntities, [c](const auto& one) { return one.second == c; });
        if (known == std::end(kEntities))
            escaped += c;
        else
            escaped += known->first;
    }
    return escaped;
}

} // namespace jackfield::kernel
