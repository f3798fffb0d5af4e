# PostgreSQL on a unix socket: initdb, the server with its helpers, queries, a clean stop.
mkdir /tmp/postgres; chown postgres /tmp/postgres; cd /tmp/postgres
exec su postgres << 'SU'
export PATH=/usr/lib/postgresql/15/bin:$PATH
initdb -D d -A trust --no-sync --no-locale -E UTF8 | tail -n 4
pg_ctl -D d -s -w -l log -o '-h "" -k /tmp/postgres' start; echo started $?
psql -h /tmp/postgres postgres << 'SQL'
create table t as select i, md5(i::text) m from generate_series(1, 5000) i;
create index on t(m); analyze t;
select count(*), max(m) from t;
explain (costs off) select * from t where m = md5('5');
begin; update t set m = 'x' where i < 10; select count(*) from t where m = 'x'; rollback; select count(*) from t where m = 'x';
set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set min_parallel_table_scan_size = 0; set parallel_tuple_cost = 0; select sum(length(m)) from t;
select * from nowhere;
SQL
for i in 1 2 3; do psql -h /tmp/postgres -t -c "update t set m = m || $i where i = $i returning m" postgres & done | sort; wait
psql -h /tmp/postgres -t -c 'table t order by i' postgres | md5sum; pg_dump -s -h /tmp/postgres postgres | grep -c .; pg_ctl -D d -s -m fast stop; echo stopped $?; grep -c . log > /dev/null; sed -n 's/.*LOG:  database system is /is /p; s/.*PANIC/PANIC/p' log | cut -d' ' -f1-3 | sort | uniq -c
SU
