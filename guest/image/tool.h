// What tools share: options, files, directories, children.
#pragma once
#include "text.h"

/** One tool: its name, what it does in a line, and its program. */
struct tool { const char *name, *usage; int (*run)(int count, char **words); };
extern const struct tool tools[];
const struct tool *find_tool(const char *name);
int usage(void);

/** Takes "-abc" words that begin the arguments, each letter one of `known`: a bit each, or -1 when another came. Leaves the rest. */
int options(int *count, char ***words, const char *known);

/** DIRECTORY/NAME, to be released. */
char *join(const char *directory, const char *name);
const char *base_name(const char *path);
/** Names in a directory but . and .., sorted: how many, or a negated errno. */
long list(const char *directory, char ***names);
/** Copies all there is to read: 0, or a negated errno; `to` is standard output's buffer if it is 1. */
long pour(int from, int to);
/** All of a small file, up to `size` - 1 bytes, with a NUL: its length, or a negated errno. */
long read_file(const char *name, char *into, size_t size);
/** Runs a program that PATH finds; comes back with a negated errno only. */
long execute(char **words);
/** Waits for a child: its status as a shell has it. */
int wait_for(long pid);
/** A line of input, without its end: false when there is none. */
bool read_line(int fd, char *line, size_t size);
/** The name of a number in /etc/passwd or /etc/group; the number where there is none. */
const char *name_of(const char *file, unsigned id);

#define TOOL(name) int name##_tool(int count, char **words)
