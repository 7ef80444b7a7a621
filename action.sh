# shellcheck shell=bash
# What every step of action.yml begins with, in whatever bash the runner has (3.2 on macOS).
#
# The checkout belongs to whoever opened the pull request. graymesh reads it; nothing in it is run, imported, searched
# for programs or taken for configuration, whatever earlier steps have put into PATH and the environment.

checkout=$(cd -P -- "$GITHUB_WORKSPACE" && pwd -P)

# Is this the absolute path of a folder outside of the checkout, also behind links?
outside() {
  local real
  [[ $1 == /* ]] && real=$(cd -P -- "$1" 2> /dev/null && pwd -P) && [[ $real/ != "$checkout"/* ]]
}

# Builtins only until PATH is clean; an empty entry stands for the working folder.
searched='' rest=$PATH:
while [[ -n $rest ]]; do
  folder=${rest%%:*}
  rest=${rest#*:}
  if outside "$folder"; then searched+=:$folder; fi
done
export PATH=${searched#:}
export TMPDIR=$RUNNER_TEMP
if ! outside "${HOME:-}"; then export HOME=$TMPDIR; fi
unset XDG_CONFIG_HOME XDG_CACHE_HOME "${!PYTHON@}" "${!PIP_@}"
for name in "${!GIT_@}"; do
  case $name in
    GIT_SSL_* | GIT_HTTP_*) ;;  # how the network is reached
    *) unset "$name" ;;
  esac
done
export PIP_CONFIG_FILE=/dev/null GIT_TERMINAL_PROMPT=0

# Fills `paths` from the input, one a line.
read_paths() {
  local line
  paths=()
  while IFS= read -r line; do
    if [[ $line =~ [^[:space:]] ]]; then paths+=("$line"); fi
  done <<< "$PATHS"
  if ((${#paths[@]} == 0)); then paths=(.); fi
}

# graymesh, with the checkout as working folder and never as a place for modules. It gets none of the job's variables:
# a token that it does not have cannot be made to show up in a report.
graymesh() {
  env -i PATH="$PATH" HOME="$HOME" TMPDIR="$TMPDIR" LC_ALL=C.UTF-8 "$FOLDER/venv/bin/python" -I -X utf8 -m graymesh "$@"
}

# Runs a command whose words are the pull request's, and keeps the runner from reading commands in them.
muted() {
  local code=0 token
  token=$("$FOLDER/venv/bin/python" -I -c 'import secrets; print(secrets.token_hex(16))')
  echo "::stop-commands::$token"
  "$@" 2>&1 || code=$?
  echo "::$token::"
  return "$code"
}

# Runs a command of graymesh on each path; what it found stays in NAME-*.md. Sets `code` to the gravest exit code.
each_path() {
  local file last number name=$1
  shift
  for number in "${!paths[@]}"; do
    last=0
    file=$FOLDER/$name-$number.md
    muted graymesh "$@" --output "markdown=$file" -- "${paths[number]}" || last=$?
    if ((last == 0)); then rm -f -- "$file"; fi  # lint has told its warnings
    if ((last > code)); then code=$last; fi
  done
}

# git on the checkout's own repository, found by the runner's word and not by looking around.
git_of_checkout() {
  git -C "$FOLDER" --git-dir="$checkout/.git" --no-replace-objects -c core.hooksPath=/dev/null -c core.fsmonitor=false \
    -c safe.bareRepository=explicit -c protocol.ext.allow=never "$@"
}
