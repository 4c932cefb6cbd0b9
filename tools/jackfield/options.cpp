// Verbs and their options, by Poco::Util. See options.hpp.

#include "tools/jackfield/options.hpp"

#include "kernel/config/nearest.hpp"
#include "tools/jackfield/exit_code.hpp"

#include <Poco/Exception.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <algorithm>
#include <sstream>
#include <vector>

namespace jackfield::program {

namespace {

Poco::Util::OptionSet option_set(const VerbInfo& verb)
{
    Poco::Util::OptionSet set;
    for (const auto& info : verb.options) {
        Poco::Util::Option option(info.name, "", info.help, false);
        if (!info.argument.empty())
            option.argument(info.argument, true);
        set.addOption(option);
    }
    set.addOption(Poco::Util::Option("help", "h", "shows this", false));
    return set;
}

[[noreturn]] void unknown_option(const VerbInfo& verb, const std::string& word)
{
    std::vector<std::string_view> names{"help"};
    for (const auto& info : verb.options)
        names.emplace_back(info.name);
    const std::string typed = word.substr(std::min(word.find_first_not_of('-'), word.size()));
    throw UsageError("there is no option \"" + word + "\"" +
                     kernel::did_you_mean(typed.substr(0, typed.find('=')), names));
}

/// The words of a line, one by one.
class Reader {
public:
    explicit Reader(const VerbInfo& verb) : verb_(verb), set_(option_set(verb)), processor_(set_)
    {
        processor_.setUnixStyle(true);
    }

    /// Puts a word where it belongs.
    void take(const std::string& word, std::map<std::string, std::string>& values, std::vector<std::string>& rest)
    {
        if (word == "--" && !only_words_ && lacking_.empty()) {
            only_words_ = true;
            return;
        }
        if (!lacking_.empty() && word.starts_with("--"))
            throw UsageError(lacking_ + " lacks its value; one that begins with -- is given as " + lacking_ + "=" +
                             word);
        std::string name;
        std::string value;
        const bool may_be_option = !lacking_.empty() || (word.size() > 1 && !only_words_);
        if (!may_be_option || !processed(word, name, value))
            rest.push_back(word);
        else if (name.empty())
            lacking_ = word; // the processor takes the next word for its value
        else if (lacking_.clear(); !values.emplace(name, value).second)
            throw UsageError("--" + name + " stands there twice");
    }

    void end() const
    {
        if (!lacking_.empty())
            throw UsageError(lacking_ + " lacks its value");
    }

private:
    bool processed(const std::string& word, std::string& name, std::string& value)
    {
        try {
            return processor_.process(word, name, value);
        } catch (const Poco::Util::UnknownOptionException&) {
            unknown_option(verb_, word);
        } catch (const Poco::Util::AmbiguousOptionException&) {
            throw UsageError("\"" + word + "\" may be the beginning of several options");
        } catch (const Poco::Util::UnexpectedArgumentException&) {
            throw UsageError("\"" + word.substr(0, word.find('=')) + "\" takes no value");
        } catch (const Poco::Util::DuplicateOptionException&) {
            throw UsageError("\"" + word + "\" stands there twice");
        } catch (const Poco::Exception& wrong) {
            throw UsageError(wrong.displayText());
        }
    }

    const VerbInfo& verb_;
    Poco::Util::OptionSet set_;
    Poco::Util::OptionProcessor processor_;
    std::string lacking_;     // the option whose value comes next
    bool only_words_ = false; // after "--"
};

} // namespace

std::string Arguments::get(const std::string& name, const std::string& otherwise) const
{
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

Arguments parse(const VerbInfo& verb, const std::vector<std::string>& line)
{
    Arguments arguments;
    Reader reader(verb);
    for (const auto& word : line)
        reader.take(word, arguments.values_, arguments.rest_);
    if (arguments.help())
        return arguments;
    reader.end();
    for (const auto& info : verb.options) {
        if (info.required && !arguments.has(info.name))
            throw UsageError("--" + info.name + " " + info.argument + " is missing");
    }
    if (arguments.rest_.size() < verb.least_arguments)
        throw UsageError(verb.arguments + " is missing");
    if (arguments.rest_.size() > verb.most_arguments)
        throw UsageError("\"" + arguments.rest_[verb.most_arguments] + "\" is one argument too many");
    return arguments;
}

std::string exit_code_help()
{
    std::string text;
    for (const auto& [code, words] : kExitCodes)
        text += (text.empty() ? "Exit codes: " : ", ") + std::to_string(code) + " " + std::string(words);
    return text + ".";
}

std::string help_text(const VerbInfo& verb)
{
    return help_text(verb, "jackfield " + verb.name, exit_code_help());
}

std::string help_text(const VerbInfo& verb, const std::string& command, const std::string& footer)
{
    const auto set = option_set(verb);
    Poco::Util::HelpFormatter formatter(set);
    formatter.setUnixStyle(true);
    formatter.setWidth(100);
    formatter.setCommand(command);
    formatter.setUsage("[options]" + (verb.arguments.empty() ? "" : " " + verb.arguments));
    formatter.setHeader(verb.summary);
    formatter.setFooter(footer);
    std::ostringstream text;
    formatter.format(text);
    return text.str();
}

} // namespace jackfield::program
