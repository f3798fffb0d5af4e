# python3: threads, processes, sockets, and its modules in C.
mkdir /tmp/python; cd /tmp/python
exec python3 - << 'PYTHON'
import threading, subprocess, sqlite3, ssl, hashlib, os, sys, queue, signal, select, socket, tempfile, json, time, multiprocessing, platform, mmap, struct
q = queue.Queue(); out = []
def work():
    while (n := q.get()) is not None: out.append(n * n)
ts = [threading.Thread(target=work) for _ in range(4)]
for t in ts: t.start()
for i in range(1000): q.put(i)
for t in ts: q.put(None)
for t in ts: t.join()
print(sum(out), len(out))
print(subprocess.run(['sh', '-c', 'echo out; echo err >&2; exit 3'], capture_output=True))
print(subprocess.check_output('tr a-z A-Z', input=b'hello', shell=True))
db = sqlite3.connect('t.db'); db.execute('create table t(a,b)'); db.executemany('insert into t values(?,?)', [(i, str(i)) for i in range(1000)]); db.commit(); print(db.execute('select sum(a), count(*), max(b) from t').fetchall()); db.close()
print(ssl.OPENSSL_VERSION, len(ssl.create_default_context().get_ciphers()))
print(hashlib.sha256(b'x' * 100000).hexdigest(), hashlib.blake2b(b'y').hexdigest()[:16], hashlib.scrypt(b'p', salt=b's', n=16, r=1, p=1).hex()[:16])
a, b = socket.socketpair(); a.send(b'ping'); print(select.select([b], [], [], 1)[0] == [b], b.recv(10))
def handler(s, f): print('signal', s)
signal.signal(signal.SIGUSR1, handler); os.kill(os.getpid(), signal.SIGUSR1)
try:
    subprocess.run(['sleep', '10'], timeout=0.2)
except subprocess.TimeoutExpired: print('timeout')
with multiprocessing.Pool(3) as p: print(p.map(abs, [-3, -2, -1]))
m = mmap.mmap(-1, 8192); m[:5] = b'hello'
pid = os.fork()
if pid == 0: m[:5] = b'child'; os._exit(0)
os.waitpid(pid, 0); print(m[:5])
print(platform.machine(), sys.maxsize, os.sysconf('SC_PAGE_SIZE'))
import asyncio
async def main():
    p = await asyncio.create_subprocess_exec('echo', 'async', stdout=asyncio.subprocess.PIPE)
    print((await p.communicate())[0]); await asyncio.sleep(0.01); return 5
print(asyncio.run(main()))
PYTHON
