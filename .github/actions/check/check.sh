#!/usr/bin/env bash
# Writes what each network would get of the changed posts into the job's summary, then checks all posts.
#
# From the environment: FOLDER, and SINCE, the commit that the posts are compared with (empty: all that are to come).
set -euo pipefail

cd -- "$FOLDER"
options=(--format github)
[ -z "$SINCE" ] || options+=(--since "$SINCE")
# A post with an error has a preview as far as it goes; the check says what is wrong and ends the job.
fedisched render "${options[@]}" >>"$GITHUB_STEP_SUMMARY" || [ "$?" -eq 1 ]
# Errors go where the rest goes, since only there they are fenced.
fedisched check --format github 2>&1
