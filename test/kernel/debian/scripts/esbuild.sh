# A static program of Go's with threads of its own: esbuild bundles a few modules.
mkdir /tmp/esbuild; cd /tmp/esbuild; mkdir m
for i in $(seq 1 30); do echo "export const a$i: number = $i; export const unused$i = () => 'never'; export default class C$i { #x = a$i; get x() { return this.#x ?? 0 } }"; done > m/all.ts
echo "import { a1, a7 } from './m/all'; import data from './data.json'; const f = async <T,>(x: T) => <div>{x}</div>; console.log(a1 + a7, data?.n, f)" > main.tsx
echo '{ "n": [1, 2, 3] }' > data.json
/mnt/esbuild --version; /mnt/esbuild main.tsx --bundle --minify --target=es2019 --sourcemap --outfile=out.js --log-level=warning; cat out.js; md5sum out.js.map; echo 'let x: = 1' | /mnt/esbuild --loader=ts; echo $?
