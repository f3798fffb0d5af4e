echo a "b c" 'd $x' \$y
x=5; echo $x ${x} ${x:-7} ${z:-7} ${z:=9} $z ${#x} $((x*3+2)) $((1<4?10:20))
for i in 1 2 3; do echo -n "$i "; done; echo
if test -d /tmp; then echo yes; else echo no; fi
f() { echo "f: $1 $#"; return 3; }
f q w; echo $?
echo $(echo sub | cat) `echo back`
case abc in a*) echo star;; *) echo none;; esac
i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo w$i; done
echo one two | wc -w
echo x > out; cat < out; cat <<EOF
doc $x
 "quoted" $(echo in)
EOF
cat <<'EOF'
raw $x
EOF
set -- a "b c" d; for w in "$@"; do echo "<$w>"; done; for w in $*; do echo "[$w]"; done
echo "$#" "$*"; shift; echo $1
(cd /; pwd); false || echo or; true && echo and; ! true; echo $?
p=/a/b/c.txt; echo ${p##*/} ${p%.txt} ${p#*/} ${p%%/*}
echo /et[c] /etc/host[s]
y="a  b"; echo $y "$y"; IFS=:; v=a:b:c; for q in $v; do echo $q; done; unset IFS
sleep 0.01 & wait; echo done
exit_code() { (exit 7); echo $?; }; exit_code
read a b <<X
first second third
X
echo "$a-$b"
echo 'single "q"' "double 'q' \$ \` \\ \"" 
until false; do echo once; break; done
cat /nonexistent 2>/dev/null; echo $?
nosuch 2>/dev/null; echo $?
echo a;echo b;{ echo c; echo d; } > o2; cat o2
a=1 b=2; echo $a$b; A=x env | grep ^A=
eval 'echo ev $a'
