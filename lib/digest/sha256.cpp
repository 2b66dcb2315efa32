#include "digest/sha256.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace backupctl::digest {

std::array<unsigned char, 32> sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("libcrypto has no SHA-256");
  return digest;
}

std::string sha256_hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : sha256(bytes)) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace backupctl::digest
