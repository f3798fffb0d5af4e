// What a shell is told once, so that it asks us at each Tab. Bash Reference Manual, "Programmable Completion"; zshcompsys(1); fish's "complete".

const BASH = `# tabvisor completion for bash: source <(tabvisor completion bash)
_tabvisor() {
  local cur=\${COMP_WORDS[COMP_CWORD]} word prefix
  local -a answer
  mapfile -t answer < <("\${COMP_WORDS[0]}" __complete "\${COMP_LINE:0:COMP_POINT}" 2> /dev/null)
  # words are broken at : and =, of which what is left of the cursor is no part of what is to be put there
  [[ $cur == [:=] ]] && cur=
  prefix=\${answer[0]-}
  prefix=\${prefix%"$cur"}
  COMPREPLY=()
  for word in "\${answer[@]:2}"; do
    word=\${word%%$'\\t'*}
    COMPREPLY+=("\${word#"$prefix"}")
  done
  case \${answer[1]-files} in
    files) compopt -o default ;;
    open) compopt -o default -o nospace ;;
  esac
}
complete -F _tabvisor tabvisor
`;

const ZSH = `#compdef tabvisor
# tabvisor completion for zsh: source <(tabvisor completion zsh), or put it into a folder of fpath as _tabvisor
_tabvisor() {
  local -a answer values
  local line
  answer=("\${(@f)$(\${words[1]} __complete "\${(j: :)words[1,CURRENT]}" 2> /dev/null)}")
  for line in "\${(@)answer[3,-1]}"; do
    values+=("\${\${line%%$'\\t'*}//:/\\\\:}\${\${line#*$'\\t'}:+:\${line#*$'\\t'}}")
  done
  case \${answer[2]:-files} in
    open) _describe tabvisor values -S '' ;;
    *) _describe tabvisor values ;;
  esac
  [[ \${answer[2]:-files} == words ]] || _files
}
compdef _tabvisor tabvisor
`;

const FISH = `# tabvisor completion for fish: tabvisor completion fish | source
function __tabvisor_complete
    set -l answer (tabvisor __complete (commandline -cp) 2> /dev/null)
    test (count $answer) -gt 2; and printf '%s\\n' $answer[3..-1]
    test "$answer[2]" = words; or __fish_complete_path (commandline -ct)
end
complete -c tabvisor -f -a '(__tabvisor_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
