// The elements of a small XML document, in their order: as much of XML as receipts and words about typing need.
//
// Prefixes of names are left out, attributes and comments are skipped. A document type, processing instructions but the
// declaration, CDATA, and entities but the five of XML 1.0 section 4.6 make it unreadable: nobody writes them there,
// and they are what attacks on readers of XML are made of. Threads: plain functions, any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jackfield::kernel {

struct XmlElement {
    std::string path; // local names from the root: "imdn/delivery-notification/status/delivered"
    std::string text; // its own, trimmed
};

/// Nothing if it is no such document, or larger than text_limits allow.
std::optional<std::vector<XmlElement>> read_xml(std::string_view document);

/// The text of the first element with that path; null if there is none.
const std::string* find_text(const std::vector<XmlElement>& elements, std::string_view path);

/// What stands for a text between tags.
std::string xml_escaped(std::string_view text);

} // namespace jackfield::kernel
