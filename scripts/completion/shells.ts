/**
 * What a shell evaluates to complete `nas`. Each asks `nas complete` for the words at the cursor, and
 * completes files where there are none.
 */
export const COMPLETION_SCRIPTS = {
  bash: `_nas() {
  local IFS=$'\\n'
  COMPREPLY=($(nas complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f 1))
}
complete -o default -F _nas nas
`,
  zsh: `#compdef nas
_nas() {
  local -a lines
  lines=("\${(@f)$(nas complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines:#}")
  if (( \${#lines} == 0 )); then
    _files
  else
    lines=("\${(@)lines//:/\\\\:}")
    lines=("\${(@)lines/$'\\t'/:}")
    _describe nas lines
  fi
}
compdef _nas nas
`,
  fish: `function __nas_words
  set -l line (commandline -opc) (commandline -ct)
  nas complete -- $line[2..-1] 2>/dev/null
end
complete -c nas -f -n 'test (count (__nas_words)) -gt 0' -a '(__nas_words)'
`,
} as const satisfies Record<string, string>;

export type Shell = keyof typeof COMPLETION_SCRIPTS;
