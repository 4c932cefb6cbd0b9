// As much of XML as receipts need, and nothing of what attacks are made of.

#include "kernel/texts/text.hpp"
#include "kernel/texts/xml_elements.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

std::string text_at(std::string_view document, std::string_view path)
{
    const auto elements = read_xml(document);
    const auto* const found = elements ? find_text(*elements, path) : nullptr;
    return found == nullptr ? "nothing" : *found;
}

TEST(XmlElements, FindsATextByItsPath)
{
    EXPECT_EQ(text_at("<a><b>one</b><c> two </c></a>", "a/c"), "two");
    EXPECT_EQ(text_at("<a><b/><c x='>' y=\"/>\"/></a>", "a/c"), "");
    EXPECT_EQ(text_at("<?xml version='1.0'?>\n<!-- <b>no</b> --><n:a xmlns:n='u'><n:b>yes</n:b></n:a>\n", "a/b"),
              "yes");
    EXPECT_EQ(text_at("<a>&lt;&amp;&gt;&quot;&apos;</a>", "a"), "<&>\"'");
    EXPECT_EQ(text_at("<a><b>one</b></a>", "b"), "nothing");
}

TEST(XmlElements, ReadsNothingThatIsNotWhole)
{
    for (const char* document : {"", "text", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a></a>text", "<a", "<a b='>",
                                 "<a><b></a></b>", "< a/>", "<a <b/>>", "<!-- ", "<a>&</a>", "<a/>&amp;"})
        EXPECT_FALSE(read_xml(document)) << document;
}

TEST(XmlElements, ReadsNeitherDocumentTypesNorEntitiesNorInstructions)
{
    EXPECT_FALSE(read_xml("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"));
    EXPECT_FALSE(read_xml("<a>&b;</a>"));
    EXPECT_FALSE(read_xml("<a>&#65;</a>"));
    EXPECT_FALSE(read_xml("<a><![CDATA[b]]></a>"));
    EXPECT_FALSE(read_xml("<a><?php b ?></a>"));
}

TEST(XmlElements, HasLimits)
{
    const auto deep = [](std::size_t depth) {
        std::string document;
        for (std::size_t i = 0; i < depth; ++i)
            document += "<a>";
        for (std::size_t i = 0; i < depth; ++i)
            document += "</a>";
        return document;
    };
    EXPECT_TRUE(read_xml(deep(text_limits::kXmlDepth)));
    EXPECT_FALSE(read_xml(deep(text_limits::kXmlDepth + 1)));
    const auto wide = [](std::size_t elements) {
        std::string document = "<a>";
        for (std::size_t i = 1; i < elements; ++i)
            document += "<b/>";
        return document + "</a>";
    };
    EXPECT_TRUE(read_xml(wide(text_limits::kXmlElements)));
    EXPECT_FALSE(read_xml(wide(text_limits::kXmlElements + 1)));
    EXPECT_FALSE(read_xml("<a>" + std::string(text_limits::kXmlBytes, 'b') + "</a>"));
}

} // namespace
