// Verbs and their options, by Poco::Util. See options.hpp.

#include "tools/jackfield/options.hpp"

#include "tools/jackfield/exit_code.hpp"

#include <Poco/Exception.h>
#include <Poco/Util/HelpFormatter.h>
#include <Poco/Util/Option.h>
#include <Poco/Util/OptionException.h>
#include <Poco/Util/OptionProcessor.h>
#include <Poco/Util/OptionSet.h>

#include <sstream>

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

} // namespace

std::string Arguments::get(const std::string& name, std::string otherwise) const
{
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

Arguments parse(const VerbInfo& verb, const std::vector<std::string>& line)
{
    Arguments arguments;
    const auto set = option_set(verb);
    Poco::Util::OptionProcessor processor(set);
    processor.setUnixStyle(true);
    bool value_follows = false; // "--config FILE": the processor takes the next word
    bool only_words = false;    // after "--"
    try {
        for (const auto& word : line) {
            std::string name;
            std::string value;
            if (word == "--" && !only_words && !value_follows)
                only_words = true;
            else if (!only_words && (value_follows || word.size() > 1) && processor.process(word, name, value)) {
                value_follows = name.empty();
                if (!value_follows)
                    arguments.values_[name] = value;
            } else {
                arguments.rest_.push_back(word);
            }
        }
    } catch (const Poco::Util::MissingArgumentException&) {
        throw UsageError("an option lacks its value");
    } catch (const Poco::Util::UnknownOptionException& unknown) {
        throw UsageError("there is no option \"" + unknown.message() + "\"");
    } catch (const Poco::Exception& wrong) {
        throw UsageError(wrong.displayText());
    }
    if (arguments.help())
        return arguments;
    if (value_follows)
        throw UsageError("the last option lacks its value");
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

std::string help_text(const VerbInfo& verb)
{
    const auto set = option_set(verb);
    Poco::Util::HelpFormatter formatter(set);
    formatter.setUnixStyle(true);
    formatter.setWidth(100);
    formatter.setCommand("jackfield " + verb.name);
    formatter.setUsage("[options]" + (verb.arguments.empty() ? "" : " " + verb.arguments));
    formatter.setHeader(verb.summary);
    formatter.setFooter(kExitCodeHelp);
    std::ostringstream text;
    formatter.format(text);
    return text.str();
}

} // namespace jackfield::program
