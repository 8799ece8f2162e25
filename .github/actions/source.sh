#!/usr/bin/env bash
# Where fedisched's own checkout is, and whether what it installs can be cached. The cache is keyed by a file that has to
# be in the workspace, so where GitHub fetched the action by itself there is none.
set -euo pipefail

source="$(cd -- "$GITHUB_ACTION_PATH/../../.." && pwd -P)"
workspace="$(cd -- "$GITHUB_WORKSPACE" && pwd -P)"
{
    echo "source=$source"
    case "$source/" in
        "$workspace/"*)
            echo "cache=pip"
            echo "requirements=$source/pyproject.toml"
            ;;
    esac
} >>"$GITHUB_OUTPUT"
