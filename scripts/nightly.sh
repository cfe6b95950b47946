#!/usr/bin/env bash
# The nightly check, for cron or by hand; .github/workflows/nightly-checkdb.yml runs its pieces on many machines.
#
#   scripts/nightly.sh run --work DIR (--db DIR | --snapshot FILE|URL) [options]   the whole night
#   scripts/nightly.sh database --work DIR (--db DIR | --snapshot FILE|URL)        unpacks the snapshot, where there is one
#   scripts/nightly.sh plan --work DIR (--db … | --snapshot …) [options]           the parts as JSON
#   scripts/nightly.sh part --part I/N --report DIR --work DIR (--db … | --snapshot …) [options]
#                                                                                  one part, tried again where a machine fails
#   scripts/nightly.sh report --work DIR --parts DIR [options]                     merge, compare with earlier nights, tell
#
# options: --config FILE · --jobs N (default 4) · --last N (default 100000; on Sundays, or with --full, everything) ·
#          --full · --tries N (default 3) · --allow FILE · --notify COMMAND · -- further options of qkc checkdb
#
# The work folder keeps the reports of all nights, speeds, and what the next night is held against. COMMAND is run where
# something is new, with QKC_COMPARISON (a Markdown file), QKC_REPORT (a folder) and QKC_EXIT in its environment.
#
# Exit codes: 0 nothing is new · 1 no answer · 2 a divergence is new · 3 something unsupported is · 4 damage is · 130 interrupted
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The command, which may have arguments of its own.
read -r -a QKC <<<"${QKC:-node $root/dist/replay/cli/main.js}"

say() { echo "nightly: $*" >&2; }

die() {
  say "$*"
  exit 1
}

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

work='' db='' snapshot='' config='' jobs=4 last='' full='' tries=3 allow='' notify='' part='' report='' parts=''
more=()

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --full) full=yes && shift && continue ;;
      --) shift && more=("$@") && return ;;
    esac
    [ $# -ge 2 ] || die "$1 needs a value; see scripts/nightly.sh --help"
    case $1 in
      --work) work=$2 ;;
      --db) db=$2 ;;
      --snapshot) snapshot=$2 ;;
      --config) config=$2 ;;
      --jobs) jobs=$2 ;;
      --last) last=$2 ;;
      --tries) tries=$2 ;;
      --allow) allow=$2 ;;
      --notify) notify=$2 ;;
      --part) part=$2 ;;
      --report) report=$2 ;;
      --parts) parts=$2 ;;
      *) die "$1 is not understood; see scripts/nightly.sh --help" ;;
    esac
    shift 2
  done
}

needs() {
  local name
  for name in "$@"; do
    [ -n "${!name}" ] || die "--$name is missing; see scripts/nightly.sh --help"
  done
}

# Which blocks tonight: everything on Sundays, else the newest.
span_options() {
  if [ -n "$full" ] || { [ -z "$last" ] && [ "$(date -u +%u)" = 7 ]; }; then
    full=yes
    span=()
  else
    span=(--last "${last:-100000}")
  fi
}

# The folder of the database: the one that is named, or the one that the snapshot is unpacked to.
find_database() {
  if [ -z "$db" ]; then
    [ -n "$snapshot" ] || die "--db or --snapshot is missing; see scripts/nightly.sh --help"
    needs work
    db=$work/database
  fi
  database=(--db "$db")
  [ -z "$config" ] || database+=(--config "$config")
}

unpack_snapshot() {
  needs work
  mkdir -p "$work"
  [ -n "$db" ] || [ -z "$snapshot" ] || "${QKC[@]}" snapshot "$snapshot" --to "$work/database" >&2
  find_database
  [ -d "$db" ] || die "there is no folder $db"
}

plan() {
  find_database
  span_options
  "${QKC[@]}" plan "${database[@]}" --jobs "$jobs" ${span[@]+"${span[@]}"} --json
}

# A part until it has an answer. What it finds is an answer; a thread or machine that fails is none, and the checkpoint is
# gone on with. Ends with 0 for any answer.
check_part() {
  needs part report
  find_database
  local options=("${database[@]}" --part "$part" --report "$report" --resume=auto --quiet)
  [ -z "$allow" ] || options+=(--allow "$allow")
  local try status
  for ((try = 1; try <= tries; try++)); do
    status=0
    # What a part finds may be known: the last job annotates what is new.
    GITHUB_ACTIONS='' "${QKC[@]}" checkdb "${options[@]}" ${more[@]+"${more[@]}"} >&2 || status=$?
    case $status in
      0 | 2 | 3 | 4) return 0 ;;
      130) return 130 ;;
    esac
    say "part $part ended with $status (try $try of $tries)"
  done
  return 1
}

# The whole run of its parts, and what of it earlier nights had not.
tell() {
  needs work parts
  local folder status=0
  folder=$work/reports/$(date -u +%Y-%m-%dT%H-%M-%SZ)
  # With the database at hand, what differs is looked at as one run would.
  local database=()
  if [ -n "$db$snapshot" ]; then find_database; fi
  "${QKC[@]}" report merge "$parts" ${database[@]+"${database[@]}"} --report "$folder" --quiet >&2 || status=$?
  [ -f "$folder/report.json" ] || die "the parts make no report"
  "${QKC[@]}" report html "$folder" >/dev/null || die "no page could be made of $folder"
  "${QKC[@]}" report junit "$folder" >/dev/null || die "no junit.xml could be made of $folder"
  local kind=daily other=full
  [ -z "$full" ] || kind=full other=daily
  local older=()
  read_pointer "$kind" && older+=("$found")
  read_pointer "$other" && older+=("$found")
  local summary=$folder/comparison.md
  if [ ${#older[@]} -eq 0 ]; then
    say "the first night: all that it found is new"
    "${QKC[@]}" report markdown "$folder" >"$summary"
  else
    compare "$folder" "$kind" "${older[@]}"
  fi
  cat "$summary" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  say "report: $folder (exit $status)"
  case $status in 0 | 2 | 3 | 4) echo "$folder" >"$work/last-$kind" ;; esac
  case $status in 2 | 3 | 4) notify_of "$folder" "$summary" "$status" ;; esac
  return "$status"
}

# Sets `status` to what is new.
compare() {
  local folder=$1 kind=$2 earlier=$3 also=()
  [ $# -lt 4 ] || also=(--also "$4")
  local reports=("$earlier" "$folder" ${also[@]+"${also[@]}"})
  status=0
  "${QKC[@]}" report compare "${reports[@]}" --baseline "$work/speed-$kind.json" --form markdown --output "$folder/comparison.md" || status=$?
  [ -f "$folder/comparison.md" ] || die "the report could not be compared with $earlier"
  "${QKC[@]}" report compare "${reports[@]}" --form json --output "$folder/comparison.json" || true
  "${QKC[@]}" report compare "${reports[@]}" --form text >&2 || true
  [ -z "${GITHUB_ACTIONS:-}" ] || "${QKC[@]}" report compare "${reports[@]}" --form github || true
}

# Sets `found` to the report that a pointer names, where that is still there.
read_pointer() {
  [ -f "$work/last-$1" ] || return 1
  found=$(cat "$work/last-$1")
  [ -f "$found/report.json" ]
}

notify_of() {
  [ -n "$notify" ] || return 0
  QKC_REPORT=$1 QKC_COMPARISON=$2 QKC_EXIT=$3 bash -c "$notify" >&2 || say "the notification failed: $notify"
}

night() {
  needs work
  mkdir -p "$work"
  exec 9>"$work/lock"
  flock -n 9 || die "another night is still at work in $work"
  unpack_snapshot
  plan >"$work/plan.json"
  # What an earlier night has left unfinished of the same plan is gone on with.
  parts=$work/parts
  local all
  # shellcheck disable=SC2016 # JavaScript's own
  all=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).matrix.include.map((m) => `${m.id} ${m.part} ${m.from} ${m.to}`).join("\n")' "$work/plan.json")
  cmp -s "$work/plan.json" "$parts/plan.json" || rm -rf "$parts"
  mkdir -p "$parts"
  cp "$work/plan.json" "$parts/plan.json"
  local given=(${more[@]+"${more[@]}"}) id from to
  while read -r id part from to; do
    report=$parts/$id
    more=(--from "$from" --to "$to" ${given[@]+"${given[@]}"})
    check_part </dev/null
  done <<<"$all"
  local status=0
  tell || status=$?
  rm -rf "$parts"
  return "$status"
}

command=${1:---help}
[ $# -eq 0 ] || shift
case $command in
  run) parse_options "$@" && night ;;
  database) parse_options "$@" && unpack_snapshot ;;
  plan) parse_options "$@" && plan ;;
  part) parse_options "$@" && check_part ;;
  report) parse_options "$@" && tell ;;
  -h | --help | help) usage ;;
  *) die "$command is not understood; see scripts/nightly.sh --help" ;;
esac
