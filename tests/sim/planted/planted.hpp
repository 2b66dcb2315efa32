// Which bug of bugs.txt is planted at the moment; 0: none. Included before every planted source.
#pragma once

inline int planted_bug = 0;
inline bool planted(int number) { return planted_bug == number; }
