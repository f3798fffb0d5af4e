// A small POSIX shell: parse.c reads commands into a tree, expand.c makes words of it, run.c and builtins.c do them.
// POSIX.1-2017, XCU 2 (without aliases, functions with redirections, and traps but that of EXIT).
#pragma once
#include "../tool.h"

enum kind { SIMPLE, PIPELINE, AND, OR, SEQUENCE, BACKGROUND, NOT, SUBSHELL, GROUP, IF, WHILE, UNTIL, FOR, CASE, FUNCTION };

/** A word as it was written, with its quotes. */
struct word { struct word *next; const char *text; };
/** `kind` is '<', '>', 'a' (>>), '&' (>& and <&), 'w' (<>), 'h' (a document whose text is `word`, 'q' if it is not expanded). */
struct redirection { struct redirection *next; int fd, kind; const char *word; };
struct arm { struct arm *next; struct word *patterns; struct node *body; };
struct node {
  enum kind kind;
  struct node *left, *right, *other; // of IF: condition, then, else
  struct word *words;                // of SIMPLE and FOR; of FOR and FUNCTION the first is the name
  struct redirection *redirections;
  struct arm *arms;
  bool all_words;                    // FOR without "in"
};

// ---- parse.c
/** Where commands come from: a text, or a descriptor that is read line by line. */
struct source { const char *text; int fd; bool interactive, ended; const char *prompt; char *line; };
enum parsed { COMMAND, NOTHING, END, WRONG };
/** The next complete command; what it needs stays until an earlier mark is released. */
enum parsed parse(struct source *source, struct node **node);
/** The end of what a '$' or '`' at `text` begins, quotes and nesting known; NULL if it does not end. */
const char *substitution_end(const char *text);

// ---- expand.c
/** All fields of words: a list ended by NULL. */
char **fields(const struct word *words, int *count);
/** One word without splitting and names: for assignments, redirections, patterns (`pattern`: quoted letters are escaped). */
char *text_of(const char *word, bool pattern);
bool matches_pattern(const char *pattern, const char *text);
/** An integer expression of $(( )): false if it can't be understood. */
bool arithmetic(const char *text, long *value);

// ---- variables.c
const char *get(const char *name);
void set(const char *name, const char *value);
void unset(const char *name);
void export(const char *name);
void show_variables(bool exported);
/** The environment of a child. */
char **make_environment(void);
extern char **parameters; // $1 and on
extern int parameter_count;
extern const char *shell_name;

// ---- run.c
struct shell {
  int status;
  bool interactive, exit_on_error, trace;
  int loops;                   // that are running
  int leaving, levels;         // what break ('b'), continue ('c') or return ('r') leaves, and how many loops
  long background, shell_pid;  // $! and $$
  bool in_condition;           // errors are asked for: set -e is quiet
};
extern struct shell shell;
int run(const struct node *node);
/** Runs a text, as `eval` and $( ) do. */
int run_text(const char *text);
int run_source(struct source *source);
/** Opens what is redirected: 0, or 1 after a complaint. `saved` has room for the descriptors that were there before. */
struct saved { int fd, copy; };
int redirect(const struct redirection *list, struct saved *saved, int *count);
void restore(struct saved *saved, int count);
__attribute__((noreturn)) void leave(int status);
/** A child: 0 in it, with the signals of a program; -1 when there is none to be had. */
long start_child(void);

// ---- builtins.c
typedef int builtin(int count, char **words);
/** A builtin of the shell's own; NULL if the name is none. */
builtin *find_builtin(const char *name);
extern const char *exit_trap;

// ---- jobs.c
void begin_jobs(void);
/** In a child, before it becomes a program; `group` is 0 for the first of a pipeline. */
void join_job(long group, bool background);
/** Waits for a pipeline in the foreground: the status of `last`. */
int wait_job(long group, const long *pids, int count, const char *what);
void add_job(long group, long last, const char *what, bool stopped);
builtin jobs_builtin, fg_builtin, bg_builtin, wait_builtin;
void tell_jobs(void);
