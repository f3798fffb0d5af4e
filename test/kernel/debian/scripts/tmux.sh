# tmux, and in its windows a shell, vim and nano: what is on the screen.
mkdir /tmp/tmux; cd /tmp/tmux
# waits until the pane shows a line
shows() { until tmux capture-pane -p | grep -q -- "$1"; do sleep 0.05; done; }
there() { until [ -s "$1" ]; do sleep 0.05; done; sleep 0.1; cat "$1"; }
tmux -f /dev/null new-session -d -x 80 -y 24 "env HISTFILE=/dev/null PS1='\$ ' bash --norc --noprofile -i"
shows '^\$'; tmux send-keys 'echo hello; seq 3' Enter; shows '^3'; tmux capture-pane -p
tmux split-window -h 'vim -N -u NONE -i NONE /etc/passwd'; shows '^root'; tmux send-keys iHELLO Escape; shows '^HELLOroot'; while tmux capture-pane -p | grep -q INSERT; do sleep 0.05; done; tmux capture-pane -p
tmux send-keys '/games' Enter 'dd' ':2,3s/bin/BIN/g|1,4w out' Enter; there out; tmux send-keys ':%!sort -r' Enter 'ggyyp:wq! sorted' Enter; there sorted | head -n 3
shows '^\$'; tmux list-panes -F '#{pane_width}x#{pane_height} #{pane_current_command} #{pane_active}'
tmux new-window -n editor 'nano -I new'; shows 'GNU nano'; tmux send-keys 'first line' Enter 'second' C-a 'the '; shows 'the second'; tmux capture-pane -p; tmux send-keys C-o Enter; there new; tmux send-keys C-x
tmux new-window 'less /etc/services'; shows '^tcpmux'; tmux send-keys '/^ntp' Enter; shows '^ntp'; tmux capture-pane -p | head -n 3; tmux send-keys q
until [ "$(tmux list-windows | wc -l)" = 1 ]; do sleep 0.05; done; tmux list-windows -F '#{window_index} #{window_panes}'; tmux display-message -p '#{session_name} #{window_width}'; tmux kill-server; sleep 0.1; tmux ls; echo $?
