# redis on TCP and on a unix socket: its client, its benchmark with some clients at a time, a snapshot by fork.
mkdir /tmp/redis; cd /tmp/redis
redis-server --unixsocket /tmp/redis/s --save '' --daemonize yes --logfile log --port 6379 --bind 127.0.0.1 > /dev/null
until redis-cli ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
redis-cli set a 1; redis-cli incr a; redis-cli -s s lpush l x y z; redis-cli lrange l 0 -1; redis-cli eval 'local s=0 for i=1,1000 do s=s+i end return s' 0
redis-benchmark -q -n 2000 -c 20 -t set,get,lpush --csv | cut -d, -f1
redis-benchmark -q -n 2000 -P 16 -c 10 -t incr -s s --csv | cut -d, -f1
redis-cli dbsize; redis-cli save; redis-cli set k v ex 1; redis-cli info server | grep -E 'redis_version|arch_bits|multiplexing'; redis-cli shutdown nosave; ls
