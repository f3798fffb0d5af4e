# bash at a terminal: editing, jobs that stop and go on, signals by keys, the window's size. Each key waits for what comes before it.
mkdir /tmp/terminal; cd /tmp/terminal; export PS1='$ ' INPUTRC=/dev/null HISTFILE=/dev/null TERM=xterm
cat > on.pl << 'PERL'
$| = 1; $SIG{$_} = sub { print "$_[0]\n" } for qw(CONT QUIT WINCH); print "ready\n"; sleep 1 while 1
PERL
exec python3 -u - << 'PYTHON'
import fcntl, os, pty, re, select, struct, sys, termios
pid, master = pty.fork()
if pid == 0: os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])
text = b''
def until(what):
    """Reads until `what` has come; what came before it and with it."""
    global text
    while not (found := re.search(what, text)):
        try: more = os.read(master, 4096)
        except OSError: more = b''
        if not more: sys.exit(f'the end instead of {what!r}: {text!r}')
        text += more
    before, text = text[:found.end()], text[found.end():]
    print(re.sub(rb'(?<=\] )\d+', b'PID', before))
def keys(what): os.write(master, what)
PROMPT = rb'(?<=[\n\r])(\x1b\[\?2004.)*\$ $'
def size(rows, columns): fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('4H', rows, columns, 0, 0))
size(24, 80)
until(rb'\$ $')
def line(what, more=rb''):
    keys(what + b'\r'); until(more + rb'[^$]*(?<=[\r\n])(\x1b\[\?2004.\r?)*\$ $')
line(b'echo $((6*7)) $-')
line(b'echo one two\x1b[D\x1b[D\x1b[DX\x01\x0b echo killed \x19')
line(b'\x1b[A')
line(b'ech\tcompleted')
line(b'stty size; tput cols; tty | cut -c1-9')
keys(b"sh -c 'echo ready; exec sleep 100'\r"); until(rb'ready\r\n'); keys(b'\x1a'); until(rb'Stopped[^$]*\$ $')
line(b'jobs -l | cut -c1-3; bg', rb'&')
line(b'jobs')
keys(b"perl on.pl\r"); until(rb'ready\r\n'); keys(b'\x1a'); until(rb'Stopped[^$]*\$ $'); keys(b'fg\r'); until(rb'CONT\r\n'); keys(b'\x03'); until(rb'\$ $')
line(b'echo status $?')
keys(b'echo begun; cat\r'); until(rb'\nbegun\r\n|\rbegun\r\n'); keys(b'some tezt\x7f\x7ft\x7fxt\r'); until(rb'\r\n[^\n]*\r\n'); keys(b'word word\x17gone\x15line\r'); until(rb'line\r\nline\r\n'); keys(b'\x04'); until(rb'\$ $')
keys(b"perl on.pl\r"); until(rb'ready\r\n'); keys(b'\x1c'); until(rb'QUIT\r\n'); keys(b'\x03'); until(rb'\$ $')
keys(b"perl on.pl\r"); until(rb'ready\r\n'); size(30, 100); until(rb'WINCH\r\n'); keys(b'\x03'); until(rb'\$ $')
line(b'stty size')
line(b'sleep 0.1 & wait $!; echo waited', rb'[\r\n]waited\r\n')
keys(b'stty -echo; read -s -p "secret: " secret; echo "<$secret>"; stty sane\r'); until(rb'\rsecret: $'); keys(b'hidden\r'); until(rb'<hidden>[^$]*\$ $')
keys(b'exit 3\r'); until(rb'exit\r\n')
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
