# git: commits, branches, a merge, a clone, packs, a rebase.
mkdir /tmp/git; cd /tmp/git
export HOME=$PWD GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.email a@b; git config --global user.name n
git init -q -b main r; cd r
for i in 1 2 3; do seq $i 1000 > f$i; git add .; git commit -q -m "c $i"; done; git log --stat
git checkout -q -b x; echo y >> f1; git commit -qam x; git checkout -q main; git merge -q --no-edit x; cd ..
git clone -q r s; cd s; git log --oneline; git gc -q; git fsck; git count-objects -v
git diff HEAD~2 --stat; git status; git blame f1 | tail -n 1; git rebase -q HEAD~2 && git rev-parse HEAD; git grep -c 999
git tag -a -m t v1; git describe; git archive HEAD | md5sum; echo z > f2; git stash -q; git stash list; git stash pop -q; git diff --numstat; git clean -n; git push -q origin HEAD:refs/heads/y; git ls-remote
