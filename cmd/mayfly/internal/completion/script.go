package completion

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// Command is the hidden command that the scripts call, with the words of the command line after it.
const Command = "__complete"

// shells are the scripts by the names of their shells.
var shells = map[string]string{"bash": bash, "zsh": zsh, "fish": fish}

// Script returns the script for a shell: bash, zsh or fish.
func Script(shell, program string) (string, error) {
	text, ok := shells[shell]
	if !ok {
		return "", fmt.Errorf("shell %q: want bash, zsh or fish", shell)
	}
	return strings.NewReplacer("PROGRAM", program, "COMMAND", Command, "FILES", Files).Replace(text), nil
}

// Answer writes suggestions as the scripts read them: one per line, with a tab before the help.
func Answer(w io.Writer, app *kong.Application, words []string, lists map[string]func() []string) error {
	var b strings.Builder
	for _, s := range Suggest(app, words, lists) {
		help, _, _ := strings.Cut(s.Help, "\n")
		fmt.Fprintf(&b, "%s\t%s\n", s.Text, help)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bash completes one word. A word after "=" in --flag=value is a word of its own there.
const bash = `# bash completion for PROGRAM
# Load it with:  source <(PROGRAM completion bash)
_PROGRAM_complete() {
  local word help current="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS=$'\t' read -r word help; do
    if [[ $word == FILES ]]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${current#=}")
    else
      COMPREPLY+=("$word")
    fi
  done < <("${COMP_WORDS[0]}" COMMAND "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _PROGRAM_complete PROGRAM
`

const zsh = `#compdef PROGRAM
# zsh completion for PROGRAM
# Load it with:  source <(PROGRAM completion zsh)
_PROGRAM() {
  local word help
  local -a found
  while IFS=$'\t' read -r word help; do
    if [[ $word == FILES ]]; then
      _files
      return
    fi
    found+=("${word//:/\\:}${help:+:$help}")
  done < <("${words[1]}" COMMAND "${(@)words[2,CURRENT]}" 2>/dev/null)
  _describe PROGRAM found
}
compdef _PROGRAM PROGRAM
`

const fish = `# fish completion for PROGRAM
# Load it with:  PROGRAM completion fish | source
function __PROGRAM_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] COMMAND $words[2..-1] 2>/dev/null)
    if string match -q 'FILES*' -- $line
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`
