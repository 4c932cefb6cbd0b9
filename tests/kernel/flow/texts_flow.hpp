// A node of doubles that keeps texts, and what its program hears of them.
//
// Threads:  the test's; the clock is held.
#pragma once

#include "kernel/flow/limits.hpp"
#include "kernel/flow/texts.hpp"
#include "kernel/texts/composing.hpp"
#include "kernel/texts/imdn.hpp"
#include "tests/kernel/doubles/rig.hpp"
#include "tests/kernel/temporary_folder.hpp"

#include <gtest/gtest.h>

namespace jackfield::doubles {

using namespace jackfield::kernel;

class TextsFlow : public ::testing::Test {
protected:
    using Lines = std::vector<std::string>;

    TextsFlow()
    {
        open();
        rig_.node->message = [this](const std::shared_ptr<Link>& link, const std::string& type,
                                    const std::string& body) {
            return texts_->take(link, wanted_, type, body).value_or(JF_UNSUPPORTED);
        };
        rig_.switchboard->hear_presence([this](const kernel::Device& device, bool there) {
            if (there)
                texts_->peer_is_back(device.account_id);
        });
    }
    ~TextsFlow() override { rig_.close(); }

    void open(TextSettings settings = {})
    {
        settings.file = folder_.path() / "texts.sqlite";
        TextEars ears;
        ears.received = [this](const Text& text) { received_.push_back(text.body); };
        ears.delivered = [this](const std::string& account, const std::string& id) {
            delivered_.push_back(account + " " + body_of(id));
        };
        ears.typing = [this](const std::string& account, bool active) {
            typing_.push_back(account + (active ? " writes" : " stopped"));
        };
        texts_ = std::make_unique<Texts>(rig_.control, rig_.timeline, settings, ears, true);
        rig_.node->texts = texts_.get();
        texts_->belong_to("alice", [](const Error&) {});
        texts_->work_in(rig_.node.get());
        rig_.settle();
    }

    void write(const std::string& body, const std::string& peer = "bob")
    {
        std::expected<std::string, Error> id;
        texts_->write(peer, body, [&](const std::expected<std::string, Error>& result) { id = result; });
        rig_.settle();
        ASSERT_TRUE(id) << id.error().text;
        bodies_[*id] = body;
    }
    std::string body_of(const std::string& id) { return bodies_.contains(id) ? bodies_[id] : id; }

    /// What went to the device as texts, in that order.
    Lines sent(const std::string& device = "bob-1", std::size_t n = 0)
    {
        Lines bodies;
        for (const auto& [type, body] : rig_.signaling(device, n).messages) {
            const auto read = type == kCpimType ? read_cpim(body) : std::unexpected(Error{});
            if (read && bare_type(read->content_type) == "text/plain")
                bodies.push_back(read->content);
        }
        return bodies;
    }

    /// The ids of texts that we acknowledged to the device.
    Lines acknowledged(const std::string& device = "bob-1")
    {
        Lines ids;
        for (const auto& [type, body] : rig_.signaling(device).messages) {
            const auto read = read_cpim(body);
            if (read && bare_type(read->content_type) == kImdnType && read->notification)
                ids.push_back(read_receipt(read->content)->message_id);
        }
        return ids;
    }

    std::string id_of(const std::string& body)
    {
        for (const auto& [id, text] : bodies_) {
            if (text == body)
                return id;
        }
        return "";
    }
    void acknowledge(const std::string& body, const std::string& device = "bob-1", std::size_t n = 0)
    {
        const auto receipt =
            write_cpim({"bob", "alice", 0, "", false, true, std::string(kImdnType), write_receipt(id_of(body), 0)});
        EXPECT_EQ(rig_.signaling(device, n).hear(kCpimType, receipt), JF_OK);
        rig_.settle();
    }

    static std::string envelope(const std::string& id, const std::string& body)
    {
        return write_cpim({"bob", "alice", 1, id, true, false, "text/plain", body});
    }
    /// Bob writes to us over the link that he has opened.
    jf_status hear(const std::string& id, const std::string& body)
    {
        return rig_.signaling().hear(kCpimType, envelope(id, body));
    }

    jackfield::test::TemporaryFolder folder_;
    Rig rig_;
    bool wanted_ = true;
    Lines received_;
    Lines delivered_;
    Lines typing_;
    std::map<std::string, std::string> bodies_; // by id
    std::unique_ptr<Texts> texts_;
};

} // namespace jackfield::doubles
