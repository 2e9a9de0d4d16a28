// What of the C++ library a kernel may use: by name, so that a test can ask for one after the other.
#pragma once

#include <string>
#include <vector>

// The names of all features.
std::vector<std::string> feature_names();

// Uses a feature and says in words what came of it: the same words on every system. What is linked must keep it.
__attribute__((visibility("default"))) std::string run_feature(const std::string &name);
