#include "backupctl/notify/notifier.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <utility>

#include "notify/message.hpp"
#include "system/worker_threads.hpp"

namespace backupctl::notify {
namespace {

void init_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

struct Easy {
  Easy() : handle(curl_easy_init()) {}
  ~Easy() {
    curl_slist_free_all(list);
    curl_easy_cleanup(handle);
  }
  Easy(const Easy&) = delete;
  Easy& operator=(const Easy&) = delete;
  void add(const std::string& text) { list = curl_slist_append(list, text.c_str()); }

  CURL* handle;
  curl_slist* list = nullptr;  // receivers or headers
};

struct Upload {
  std::string_view rest;
};
std::size_t read_upload(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& rest = static_cast<Upload*>(from)->rest;
  const auto taken = std::min(size * count, rest.size());
  std::memcpy(buffer, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}
std::size_t drop_answer(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// On one thread.
class CurlNotifier final : public Notifier {
 public:
  explicit CurlNotifier(NotifierOptions options) : options_(std::move(options)) { init_once(); }
  ~CurlNotifier() override { stopping_ = true; }

  void tell(Notice notice, Handler<Result<void>> handler) override {
    thread_.post([this, notice = std::move(notice), handler = std::move(handler)] { handler(tell_all(notice)); });
  }

 private:
  // What is cut short is told again by whoever comes next.
  static int go_on(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<CurlNotifier*>(self)->stopping_ ? 1 : 0;
  }

  Result<void> tell_all(const Notice& notice) {
    if (stopping_) return unavailable("stopping");
    Result<void> told;
    if (!options_.smtp_url.empty()) told = mail(notice);
    if (told && !options_.webhook_url.empty()) told = call_webhook(notice);
    return told;
  }

  Result<void> mail(const Notice& notice) {
    auto to = options_.to;
    for (const auto& address : notice.addresses) {
      if (is_plain_address(address) && std::find(to.begin(), to.end(), address) == to.end()) to.push_back(address);
    }
    if (to.empty()) return {};  // there is nobody to tell
    const auto text = mail_text(notice, options_.from, to);
    Upload upload{text};
    Easy easy;
    for (const auto& address : to) easy.add("<" + address + ">");
    curl_easy_setopt(easy.handle, CURLOPT_URL, options_.smtp_url.c_str());
    curl_easy_setopt(easy.handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy.handle, CURLOPT_MAIL_FROM, ("<" + options_.from + ">").c_str());
    curl_easy_setopt(easy.handle, CURLOPT_MAIL_RCPT, easy.list);
    curl_easy_setopt(easy.handle, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);  // one bad address keeps nobody else waiting
    curl_easy_setopt(easy.handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy.handle, CURLOPT_READFUNCTION, &read_upload);
    curl_easy_setopt(easy.handle, CURLOPT_READDATA, &upload);
    return perform(easy, "mail");
  }

  Result<void> call_webhook(const Notice& notice) {
    const auto text = webhook_text(notice);
    Easy easy;
    easy.add("Content-Type: application/json");
    easy.add("Idempotency-Key: " + notice.id.to_string());
    curl_easy_setopt(easy.handle, CURLOPT_URL, options_.webhook_url.c_str());
    curl_easy_setopt(easy.handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy.handle, CURLOPT_HTTPHEADER, easy.list);
    curl_easy_setopt(easy.handle, CURLOPT_POSTFIELDS, text.data());
    curl_easy_setopt(easy.handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(text.size()));
    return perform(easy, "webhook");
  }

  Result<void> perform(Easy& easy, const std::string& what) {
    char detail[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(easy.handle, CURLOPT_ERRORBUFFER, detail);
    curl_easy_setopt(easy.handle, CURLOPT_WRITEFUNCTION, &drop_answer);
    curl_easy_setopt(easy.handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    curl_easy_setopt(easy.handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy.handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy.handle, CURLOPT_XFERINFOFUNCTION, &go_on);
    curl_easy_setopt(easy.handle, CURLOPT_XFERINFODATA, this);
    const auto done = curl_easy_perform(easy.handle);
    long code = 0;
    curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &code);
    const bool is_mail = what == "mail";
    if (done == CURLE_OK && (is_mail || (code >= 200 && code < 300))) return {};
    const auto text = what + ": " +
                      (done == CURLE_OK ? "answered"
                       : *detail        ? detail
                                        : curl_easy_strerror(done)) +
                      (code ? " (" + std::to_string(code) + ")" : "");
    // A mail server's 5yz and a webhook's 4xx are for good; anything else may pass.
    const bool for_good = is_mail ? code >= 500 && code < 600 : code >= 400 && code < 500 && code != 408 && code != 429;
    if (for_good) return Error{ErrorKind::invalid, text};
    return unavailable(text);
  }

  NotifierOptions options_;
  std::atomic<bool> stopping_ = false;
  WorkerThreads thread_{1};
};

}  // namespace

bool is_plain_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 254) return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("<>()[]\\,;:\"").find(static_cast<char>(c)) == std::string_view::npos;
  });
}

Result<std::unique_ptr<Notifier>> make_notifier(NotifierOptions options) {
  const auto invalid = [](const std::string& text) { return Error{ErrorKind::invalid, text}; };
  if (!options.smtp_url.empty()) {
    if (!options.smtp_url.starts_with("smtp://") && !options.smtp_url.starts_with("smtps://")) {
      return invalid("smtp_url must begin with smtp:// or smtps://");
    }
    if (!is_plain_address(options.from)) return invalid("from must be a mail address");
  }
  for (const auto& address : options.to) {
    if (!is_plain_address(address)) return invalid("to: " + address + " is no mail address");
  }
  if (!options.webhook_url.empty() && !options.webhook_url.starts_with("http://") &&
      !options.webhook_url.starts_with("https://")) {
    return invalid("webhook_url must begin with http:// or https://");
  }
  return std::unique_ptr<Notifier>(std::make_unique<CurlNotifier>(std::move(options)));
}

}  // namespace backupctl::notify
