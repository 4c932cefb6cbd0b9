// The slots of a call as factors, what may fill each as levels, and the cells in which every two of them meet.
//
// Threads: the test's.
#pragma once

#include "covering_array.hpp"

#include "tests/scenarios/world.hpp"

namespace scenarios {

/// What one slot holds in a cell.
struct Level {
    std::string name;                 // as in the table: "ice-direct", "codec-opus, codec-vpx"
    std::vector<std::string> plugins; // which must be there
    std::function<void(Json& config, World& world, const std::string& peer)> apply;
    std::vector<std::string> apart = {}; // names of levels of other slots with which it makes no stack
};

struct Factor {
    std::string slot;
    std::vector<Level> levels;
};

/// Every slot with the levels whose plugins are there.
std::vector<Factor> factors_of_plugins_there();

/// False if a level has gone because its plugin is not there.
bool factors_are_whole();

struct Cell {
    std::vector<Level> levels; // in the order of the factors

    /// "identity-memory | discovery-static | ..."
    std::string name() const;
};

std::vector<Cell> cells_of(const std::vector<Factor>& factors);

/// What a call on that stack did; alice calls bob, both on the same one.
struct CellResult {
    bool worked = false;
    std::string problem;    // if not
    double ringing_ms = 0;  // from dialling
    double sound_ms = 0;    // from dialling to the first decoded sound at the caller
    double pictures_ms = 0; // and picture
};

CellResult call_on(const Cell& cell, World& world);

} // namespace scenarios
