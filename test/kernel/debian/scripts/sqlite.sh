# sqlite3: tables, an index, a write-ahead log, three writers that lock one another out.
mkdir /tmp/sqlite; cd /tmp/sqlite
sqlite3 a.db "create table t(a integer primary key, b text); with recursive c(x) as (select 1 union all select x+1 from c where x<5000) insert into t select x, hex(x*7919) from c;
create index i on t(b); select count(*), min(b), max(b) from t; update t set b=b||1 where a%3=0; select sum(length(b)) from t; pragma integrity_check; pragma journal_mode=wal;"
for i in 1 2 3; do sqlite3 -cmd '.timeout 60000' a.db "update t set b=b||$i where a=$i; select $i" & done | sort; wait
sqlite3 a.db .dump | md5sum; ls; sqlite3 a.db vacuum 'select * from t limit 3'; sqlite3 :memory: "select sqlite_version(), json_extract('{\"a\":[1,2]}', '\$.a[1]'), printf('%.3f', 1/3.0)"
