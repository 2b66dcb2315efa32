-- The same result is parked once: looked for before another is.
CREATE INDEX parked_result_command ON parked_result (command_id);
