# What the documentation's readers would do: curl into jq, a line of events each.
set -eu
curl --silent --no-buffer -X POST "$1/invoke/stdout" |
  jq --raw-input --unbuffered --raw-output '
    select(startswith("data: {\"")) | .[6:] | fromjson | "\(.task_name)\t\(.stdout | length)"' |
  awk -F '\t' '{ tasks[$1]; events++; length_ += $2 }
    END { for (task in tasks) count++; printf "%d %d %d\n", count, events, length_ }'
