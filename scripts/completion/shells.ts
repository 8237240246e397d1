/**
 * What a shell evaluates to complete `nas`. Each asks `nas complete` for the words at the cursor, one a line
 * with a description behind a tab; `:files` and `:yaml` in place of words leave files to the shell, which
 * knows their quoting.
 */
export const COMPLETION_SCRIPTS = {
  // Bash cuts words at `=`: they are put together again, and what stands in front of the cut is not replaced.
  bash: `_nas() {
  local i word description line=() cut=
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((\${#line[@]} > 0)) && [[ $word == = || \${COMP_WORDS[i - 1]} == = ]]; then
      line[\${#line[@]} - 1]+=$word
    else
      line+=("$word")
    fi
  done
  word=\${line[\${#line[@]} - 1]}
  [[ $word == *=* ]] && cut=\${word%%=*}=
  COMPREPLY=()
  while IFS=$'\\t' read -r word description; do
    case $word in
      :files) compopt -o default 2>/dev/null ;;
      :yaml)
        compopt -o filenames 2>/dev/null
        word=\${COMP_WORDS[COMP_CWORD]}
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
          compgen -f -X '!*.yaml' -- "$word"
          compgen -f -X '!*.yml' -- "$word"
          compgen -d -- "$word"
        )
        ;;
      *)
        COMPREPLY+=("\${word#"$cut"}")
        [[ $word == */ ]] && compopt -o nospace 2>/dev/null
        ;;
    esac
  done < <(nas complete -- "\${line[@]}" 2>/dev/null)
}
complete -F _nas nas
`,
  zsh: `#compdef nas
_nas() {
  local -a lines
  lines=("\${(@f)$(nas complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines:#}")
  case \${lines[1]} in
    '') return 1 ;;
    :files) _files ;;
    :yaml) _files -g '*.(yaml|yml)(-.)' ;;
    */*$'\\t'*) compadd -S '' -- "\${(@)lines%%$'\\t'*}" ;;
    *)
      lines=("\${(@)lines//:/\\\\:}")
      lines=("\${(@)lines/$'\\t'/:}")
      _describe nas lines
      ;;
  esac
}
compdef _nas nas
`,
  fish: `function __nas_complete
  set -l line (commandline -opc) (commandline -ct)
  set -l lines (nas complete -- $line[2..-1] 2>/dev/null)
  switch "$lines[1]"
    case ':files'
      __fish_complete_path (commandline -ct)
    case ':yaml'
      __fish_complete_suffix .yaml
    case '*'
      printf '%s\\n' $lines
  end
end
complete -c nas -f -a '(__nas_complete)'
`,
} as const satisfies Record<string, string>;

export type Shell = keyof typeof COMPLETION_SCRIPTS;
