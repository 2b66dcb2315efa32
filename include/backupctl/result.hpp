// Failure as a value: every operation that can fail returns Result<T>.
//
// The names follow std::expected (C++23), so that a later move to it is a change of one alias. Exceptions are for
// bugs only: value() on a failed Result throws BadResultAccess.
// Thread rule: plain values; share them as you would a std::string.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace backupctl {

// What went wrong, coarse enough to act on. The adapter that saw the failure chooses; nobody guesses later.
enum class ErrorKind {
  invalid,          // the input can never be accepted as it is; `faults` names each bad member
  not_allowed,      // a job's rule says no
  forbidden,        // the caller's role says no
  not_found,        // no such thing, or not visible to this caller
  conflict,         // the present state rules it out
  unavailable,      // a dependency cannot be reached or does not answer as it should; try again later
  overloaded,       // a bound of ours is reached; try again later
  unknown_outcome,  // it may or may not have happened: read back before anything else
  corrupt,          // stored bytes are not what we wrote, or not ours
  internal,         // a bug
};

// One bad member of an input. `pointer` is a JSON Pointer (RFC 6901), or the name of an option or a header.
struct Fault {
  std::string pointer;
  std::string detail;
  friend bool operator==(const Fault&, const Fault&) = default;
};

struct [[nodiscard]] Error {
  ErrorKind kind = ErrorKind::internal;
  std::string detail;      // one sentence for a person: what, where, and what to do if we know
  bool retryable = false;  // the same call may succeed later without anybody changing it
  std::string code{};      // stable kebab-case name, where one is promised to callers; else empty
  std::vector<Fault> faults{};
};

// Errors that are retryable by their nature; the others are built with Error{kind, detail}.
inline Error unavailable(std::string detail) { return {ErrorKind::unavailable, std::move(detail), true, {}, {}}; }

class BadResultAccess : public std::logic_error {
 public:
  explicit BadResultAccess(const Error& error) : std::logic_error("value() of a failed Result: " + error.detail) {}
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return check(), std::get<0>(state_); }
  const T& value() const& { return check(), std::get<0>(state_); }
  T&& value() && { return check(), std::get<0>(std::move(state_)); }

  // Precondition for these: has_value(), or !has_value() for error().
  T& operator*() & { return *std::get_if<0>(&state_); }
  const T& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  const T* operator->() const { return std::get_if<0>(&state_); }
  Error& error() & { return *std::get_if<1>(&state_); }
  const Error& error() const& { return *std::get_if<1>(&state_); }
  Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

  template <class U>
  T value_or(U&& other) const& {
    return has_value() ? **this : static_cast<T>(std::forward<U>(other));
  }

  // f(T) -> Result<U>
  template <class F>
  auto and_then(F&& f) && -> std::invoke_result_t<F, T&&> {
    if (!has_value()) return std::move(*this).error();
    return std::forward<F>(f)(*std::move(*this));
  }

 private:
  void check() const {
    if (!has_value()) throw BadResultAccess(error());
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (error_) throw BadResultAccess(*error_);
  }
  Error& error() & { return *error_; }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace backupctl
