// The line editor of the monitor.
// ECMA-48 (control characters, CSI sequences).
#include "line.h"
#include <stdbool.h>
#include "print.h"
#include "uart.h"

#define REMEMBERED 128
#define CTRL(c) ((c) & 0x1F)
#define ESCAPE 0x1B
#define DELETE 0x7F
#define KEY_UP 0x100
#define KEY_OTHER 0x101

static char last[REMEMBERED];

static uint32_t read_key(void) {
  uint32_t c = uart_read();
  if (c != ESCAPE) return c;
  if (uart_read() != '[') return KEY_OTHER;
  // Parameters run until a final byte, which is @ or above.
  while ((c = uart_read()) < '@') continue;
  return c == 'A' ? KEY_UP : KEY_OTHER;
}

static uint32_t erase(uint32_t length) {
  while (length--) print("\b \b");
  return 0;
}

static uint32_t recall(char *line, uint32_t size) {
  uint32_t length = 0;
  for (; last[length] && length + 1 < size; length++) print("%c", line[length] = last[length]);
  return length;
}

static void remember(const char *line) {
  uint32_t i = 0;
  for (; line[i] && i + 1 < REMEMBERED; i++) last[i] = line[i];
  last[i] = 0;
}

void line_read(char *line, uint32_t size) {
  uint32_t length = 0;
  static uint32_t previous;
  for (;;) {
    uint32_t key = read_key();
    bool second_half = key == '\n' && previous == '\r'; // a CR LF is one end of line
    previous = key;
    if (second_half) continue;
    if (key == '\r' || key == '\n') break;
    if (key == CTRL('C')) {
      print("^C");
      length = 0;
      break;
    }
    if (key == CTRL('U')) {
      length = erase(length);
    } else if (key == KEY_UP) {
      erase(length);
      length = recall(line, size);
    } else if ((key == CTRL('H') || key == DELETE) && length) {
      length--;
      erase(1);
    } else if (key >= ' ' && key < DELETE && length + 1 < size) {
      print("%c", line[length++] = (char)key);
    }
  }
  line[length] = 0;
  print("\n");
  if (length) remember(line);
}
