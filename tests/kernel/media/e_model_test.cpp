// The E-model against numbers that the ITU published.

#include "kernel/media/e_model.hpp"

#include <gtest/gtest.h>

namespace {

using namespace jackfield::kernel;

TEST(EModel, TheDefaultsOfG107AreWorth93Point2And4Point41)
{
    const double rating = transmission_rating(0, 0, *impairment_of("PCMU"));
    EXPECT_DOUBLE_EQ(rating, 93.2);
    EXPECT_NEAR(mos_of(rating), 4.41, 0.005);
}

TEST(EModel, TheScoresOfG107TableB1ComeOut)
{
    EXPECT_NEAR(mos_of(90), 4.34, 0.005);
    EXPECT_NEAR(mos_of(80), 4.03, 0.007); // 4.024 by the formula
    EXPECT_NEAR(mos_of(70), 3.60, 0.005);
    EXPECT_NEAR(mos_of(60), 3.10, 0.005);
    EXPECT_NEAR(mos_of(50), 2.58, 0.005);
}

TEST(EModel, TheScoreStaysBetweenOneAndFourAndAHalf)
{
    EXPECT_EQ(mos_of(-5), 1);
    EXPECT_EQ(mos_of(3), 1); // the polynomial dips below it here
    EXPECT_EQ(mos_of(100), 4.5);
    EXPECT_EQ(mos_of(120), 4.5);
}

TEST(EModel, ADelayOfATenthOfASecondIsNotNoticedAndLongerOnesAre)
{
    const auto codec = *impairment_of("opus");
    EXPECT_DOUBLE_EQ(transmission_rating(100, 0, codec), 93.2);
    // Idd at 200 ms, X = 1: 25 (2^(1/6) - 3 (1 + 3^-6)^(1/6) + 2) = 3.04
    EXPECT_NEAR(93.2 - transmission_rating(200, 0, codec), 3.04, 0.01);
    // Idd at 400 ms, X = 2: 25 (65^(1/6) - 3 (1 + (2/3)^6)^(1/6) + 2) = 24.08
    EXPECT_NEAR(93.2 - transmission_rating(400, 0, codec), 24.08, 0.05);
}

TEST(EModel, LossCostsWhatTheCoderMakesOfIt)
{
    // Ie,eff of G.711 with concealment at 1 %: 95 / 26.1 = 3.64, at 5 %: 475 / 30.1 = 15.78
    EXPECT_NEAR(93.2 - transmission_rating(0, 0.01, *impairment_of("PCMA")), 3.64, 0.005);
    EXPECT_NEAR(93.2 - transmission_rating(0, 0.05, *impairment_of("PCMA")), 15.78, 0.005);
    EXPECT_NEAR(93.2 - transmission_rating(0, 0.05, *impairment_of("opus")), 475.0 / 15, 0.005);
    EXPECT_NEAR(93.2 - transmission_rating(0, 0.01, {5, 10}), 5 + 90.0 / 11, 0.005); // GSM-EFR
    EXPECT_GE(transmission_rating(5000, 1, *impairment_of("opus")), 0);
}

TEST(EModel, NothingIsSaidOfACoderThatNobodyMeasured)
{
    EXPECT_TRUE(impairment_of("OPUS"));
    EXPECT_FALSE(impairment_of("VP8"));
    EXPECT_FALSE(impairment_of(""));
}

} // namespace
