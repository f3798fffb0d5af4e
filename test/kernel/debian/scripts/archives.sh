# tar with each compressor, there and back.
mkdir /tmp/archives; cd /tmp/archives; cp -r /usr/include/linux/netfilter tree; head -c 300000 /usr/bin/perl > tree/binary; ln -s binary tree/link; ln tree/binary tree/hard; truncate -s 1M tree/sparse
for kind in gzip xz zstd; do
  tar -c --$kind -f a.$kind --sort=name --mtime=@0 --owner=0 --group=0 -S tree; mkdir out; tar -xf a.$kind -C out; diff -r tree out/tree && echo $kind; md5sum a.$kind; stat -c '%h %b' out/tree/hard; readlink out/tree/link; rm -r out
done
gzip -t a.gzip; gzip -l a.gzip; zstd -q -T2 -9 tree/binary -o b.zst; zstdcat b.zst | cmp - tree/binary; zstd -t b.zst 2>&1 | tail -n 1; xz -1 -T2 -k tree/binary; xz -l tree/binary.xz | tail -n 1
tar -tvzf a.gzip | cut -c1-20 | head -n 3; tar -xzf a.gzip -O tree/binary | cmp - tree/binary; head -c 1000 a.xz | xz -dc > /dev/null; echo $?; seq 1 50000 | gzip -9 | zcat | md5sum
