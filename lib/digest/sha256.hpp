// SHA-256 (FIPS 180-4) of bytes in memory. Thread rule: any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace backupctl::digest {

std::array<unsigned char, 32> sha256(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);  // 64 lower-case digits

}  // namespace backupctl::digest
