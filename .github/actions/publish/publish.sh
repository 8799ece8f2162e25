#!/usr/bin/env bash
# Publishes what is due and what falls due while it waits, and brings the results into the repository.
#
# The publisher runs in the background. Every LOOK_EVERY seconds, and once more at the end, the results so far are
# committed and pushed, and what others pushed meanwhile is taken over, so that a post that arrives during the wait is
# published on time too. Of this checkout nothing is anybody's own but the results, and those can always be written
# again: the publisher keeps a journal of them in the git directory. So where the branch has moved, our commits that were
# not pushed are undone, the branch is followed, and the results are committed on top of it.
#
# From the environment: FOLDER, WAIT, PATHS (one a line), NOW and CLAIM (true or false), TOKEN; LOOK_EVERY (seconds) if not 20.
set -euo pipefail

export GIT_TERMINAL_PROMPT=0
# Files in the content folder can look like a bare repository, with a configuration that runs commands.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.bareRepository GIT_CONFIG_VALUE_0=explicit
# From here on a variable of this shell's own: no program that it starts finds it in its environment.
declare +x TOKEN
LOOK_EVERY="${LOOK_EVERY:-20}"
cd -- "$FOLDER"
log="$(mktemp "${RUNNER_TEMP:-/tmp}/fedisched-git.XXXXXX")"
results="${GITHUB_OUTPUT:-$log.output}"
touch "$results"

# Whatever a command says, without any of it being taken for a workflow command.
fenced() {
    local word
    word="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    printf '::stop-commands::%s\n' "$word"
    "$@" 2>&1 || true
    printf '\n::%s::\n' "$word"
}

branch="$(git symbolic-ref --quiet --short HEAD)" || {
    echo "::error title=No branch::The results are committed to a branch, and this checkout is on none. Start this workflow from a branch, not from a tag or a pull request."
    exit 1
}
upstream="refs/remotes/origin/$branch"
git config user.name >/dev/null || {
    git config user.name "github-actions[bot]"
    git config user.email "41898282+github-actions[bot]@users.noreply.github.com"
}
# Where the branch was when this checkout last was level with it.
level="$(git rev-parse HEAD)"
put_back=no

# A command with the job's token for its git.
with_git_token() {
    local header key
    header="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$TOKEN" | base64 | tr -d '\n')"
    key="http.${GITHUB_SERVER_URL:-https://github.com}/.extraheader"
    # The empty value takes away what the checkout may have left behind: two headers are refused. The last line is for
    # git before 2.31, which knows no other way that keeps the token from command lines.
    GIT_CONFIG_COUNT=3 GIT_CONFIG_KEY_1="$key" GIT_CONFIG_VALUE_1="" GIT_CONFIG_KEY_2="$key" GIT_CONFIG_VALUE_2="$header" \
        GIT_CONFIG_PARAMETERS="'$key=' '$key=$header'" \
        "$@"
}

# git with the job's token, which nothing else here gets to see: neither a command line nor, without claims, the publisher.
with_token() {
    with_git_token timeout 60 git "$@" >>"$log" 2>&1
}

# Commit what was written into posts that git knows, if anything was: `published: posts/a.md → mastodon, bluesky`.
keep() {
    local names number targets word
    git add --update -- . >>"$log" 2>&1 || return 1
    names="$(git diff --cached --name-only --relative -z | tr '\0' '\n')" || return 1
    [ -n "$names" ] || return 0
    number="$(wc -l <<<"$names")"
    word="$(git diff --cached --unified=0 --text | sed -n 's/^+status: *\([a-z]*\).*/\1/p' | sort -u)"
    # The names in the results, in their order.
    targets="$(git diff --cached --unified=0 --text | sed -n 's/^+  \([A-Za-z0-9_-]*\):.\{0,1\}$/\1/p' | awk '!seen[$0]++' | paste -sd , -)"
    # Several words, or none: some were published and some were not.
    [[ "$word" =~ ^[a-z]+$ ]] || word=results
    local message=(-m "$word: $number posts" -m "$names")
    [ "$number" -ne 1 ] || message=(-m "$word: $names${targets:+ → ${targets//,/, }}")
    git commit --quiet --no-verify --no-gpg-sign "${message[@]}" -m "Results-By: fedisched" >>"$log" 2>&1
}

# Go to where the branch has moved, with the results that are not pushed yet left in the files; where others changed the
# same files, theirs are taken, and the results have to be put back.
follow() {
    git reset --quiet --mixed "$level" >>"$log" 2>&1 || return 1
    if ! git merge --quiet --ff-only "$upstream" >>"$log" 2>&1; then
        git reset --quiet --hard "$upstream" >>"$log" 2>&1 || return 1
        put_back=yes
    fi
    level="$(git rev-parse "$upstream")"
}

# Commit, fetch, follow, push; 1 if the results are not on the branch in the end.
exchange() {
    local tries="$1" there
    while [ "$tries" -gt 0 ]; do
        tries=$((tries - 1))
        keep || continue
        with_token fetch --quiet --no-tags origin "+refs/heads/$branch:$upstream" "+refs/fedisched/*:refs/fedisched/*" || { sleep 1; continue; }
        there="$(git rev-parse "$upstream")"
        if [ "$there" != "$level" ]; then
            follow || continue
            if [ "$put_back" = yes ]; then
                put_back_results
            fi
            keep || continue
        fi
        [ "$(git rev-parse HEAD)" != "$level" ] || return 0
        if with_token push --quiet origin "HEAD:refs/heads/$branch"; then
            level="$(git rev-parse HEAD)"
            return 0
        fi
    done
    return 1
}

# What needs a person fails the run that meets it. On a schedule it fails no other: one that failed every time would only
# teach not to look. So what was told of is kept on the remote, under a name that is no branch.
told() {
    git log -1 --format=%s refs/fedisched/told 2>/dev/null || true
}

remember() {
    local needs commit
    needs="$(sed -n 's/^needs=//p' "$results" | tail -n 1)"
    [ "$needs" != "$(told)" ] || return 0
    commit="$(git commit-tree -m "$needs" "$(git mktree </dev/null)")" || return 1
    with_token push --quiet --force origin "$commit:refs/fedisched/told"
}

publisher=""
code=0

# A publisher at work sees the changed files by itself. Without one, another run has nothing to send that was sent, and
# writes the results again.
put_back_results() {
    local again=0
    [ -z "$publisher" ] || return 0
    put_back=no
    fedisched publish --format github --no-git 2>&1 || again=$?
    [ "$code" -ne 0 ] || code="$again"
}

paths=()
while IFS= read -r path; do
    [ -z "$path" ] || paths+=("$path")
done <<<"$PATHS"
options=(--wait "$WAIT" --format github --no-git)
[ "$NOW" != true ] || options+=(--now)

# What was pushed since this checkout was made counts too.
exchange 1 || true
FEDISCHED_TOLD="$(told)"
export FEDISCHED_TOLD
# Errors go where the rest goes, since only there they are fenced.
if [ "${CLAIM:-false}" = true ]; then
    # To claim a post before it is sent, the publisher has to push.
    with_git_token exec fedisched publish "${options[@]}" -- "${paths[@]}" 2>&1 &
else
    fedisched publish "${options[@]}" -- "${paths[@]}" 2>&1 &
fi
publisher=$!
# Cancelled: begin nothing new, finish what is being sent, and bring the results home.
trap '[ -z "$publisher" ] || kill -TERM "$publisher" 2>/dev/null' INT TERM
while :; do
    sleep "$LOOK_EVERY" &
    sleeper=$!
    ended=""
    code=0
    wait -n -p ended "$publisher" "$sleeper" || code=$?
    if [ "${ended:-}" = "$publisher" ]; then
        break
    elif [ "${ended:-}" = "$sleeper" ]; then
        exchange 1 || true
    fi
    kill "$sleeper" 2>/dev/null || true
done
kill "$sleeper" 2>/dev/null || true
publisher=""
# Whatever was taken over at last may have come too late for the publisher to put the results back.
[ "$put_back" = no ] || put_back_results

if ! exchange 5; then
    echo "::error title=Results not pushed::The posts were published, but their results could not be pushed to $branch. Nothing will go out twice: the next run looks on the networks first, and writes the results then. What git said, and the results, are in the log."
    fenced cat "$log"
    fenced git diff --text "$upstream" -- .
    [ "$code" -ne 0 ] || code=1
fi

remember || true
case "$code" in
    75)
        echo "Something waits for a later run, which will try again."
        exit 0
        ;;
    1)
        if [ "${GITHUB_EVENT_NAME:-}" = schedule ] && ! grep -q '^needs-you=new$' "$results" \
            && grep -q '^needs-you=known$' "$results"; then
            exit 0
        fi
        ;;
esac
exit "$code"
