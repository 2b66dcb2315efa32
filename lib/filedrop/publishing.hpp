// The steps between the last line of a file and the first later state of its requests: each is one move, and is the
// same when it is done again.
//
// Thread rule: on the thread that works on the files.
#pragma once

#include "filedrop/context.hpp"

namespace backupctl::filedrop {

// Gives the whole receipt in work/ its name in outbox/. Answers whether that name has the file's id in it: when another
// file of this name has left something there, or is still followed. Errors: unavailable.
Result<bool> publish_receipt(Context& context, const Taken& taken);

// Moves the file to done/ or, when none of its lines was good, to rejected/ with the reason. Errors: unavailable.
Result<void> put_away(Context& context, const Taken& taken, bool with_id);

// Moves to rejected/ what is called `name` in `folder`, whatever it is, and writes the reason beside it. Errors:
// not_found, unavailable.
Result<void> reject(Context& context, int folder, const std::string& name, FileId id, const std::string& shown_name,
                    const Error& reason);

// Keeps NAME in outbox/ for this file until it is released, also when its receipt has been taken away meanwhile.
std::string reservation(const Taken& taken);  // in work/

}  // namespace backupctl::filedrop
