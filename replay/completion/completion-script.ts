import type { Command, Option } from "commander";
import type { Shell } from "./shells.ts";

/** One command, as far as it is completed. */
interface Place {
  /** Names from the program down, with a space between. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly Option[];
  /** What may stand as an argument. */
  readonly choices: readonly string[];
}

/** A script for a shell, of the program's commands, options and choices. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesOf(program, program.name());
  switch (shell) {
    case "bash":
      return bashScript(program.name(), places);
    case "zsh":
      return zshScript(program.name(), places);
    case "fish":
      return fishScript(program.name(), places);
  }
}

function placesOf(command: Command, path: string): Place[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  const commands = below.map((one) => ({ name: one.name(), summary: one.summary() || one.description() }));
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const own = { path, commands, options: help.visibleOptions(command), choices };
  const named = below.filter((one) => one.name() !== "help");
  return [own, ...named.flatMap((one) => placesOf(one, `${path} ${one.name()}`))];
}

/** `case` lines that follow the words of a command line down the commands. */
function pathCase(places: readonly Place[]): string {
  const paths = places.slice(1).map(({ path }) => `"${path}"`);
  return `case "$path $word" in ${paths.join(" | ")}) path="$path $word" ;; esac`;
}

/** What may follow at a place: commands, choices of arguments, options. */
function wordsOf({ commands, options, choices }: Place): string {
  return [...commands.map(({ name }) => name), ...choices, ...options.map(flagOf)].join(" ");
}

/** Values of an option by the words before: `path --option`. */
function choiceCases(places: readonly Place[]): [pattern: string, words: string][] {
  return places.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map((option): [string, string] => [`"${path} ${flagOf(option)}"`, (option.argChoices ?? []).join(" ")]),
  );
}

/** Options that take files, folders or numbers: the shell's own completion is for them. */
function valuePatterns(places: readonly Place[]): string {
  const patterns = places.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices, required }) => required && argChoices === undefined)
      .map((option) => `"${path} ${flagOf(option)}"`),
  );
  return patterns.join(" | ");
}

function flagOf(option: Option): string {
  return option.long ?? (option.short as string);
}

function bashScript(name: string, places: readonly Place[]): string {
  const reply = (words: string) => `mapfile -t COMPREPLY < <(compgen -W "${words}" -- "$cur")`;
  return `# ${name}: completion for bash
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=${name} word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    ${pathCase(places)}
  done
  case "$path $prev" in
${choiceCases(places)
  .map(([pattern, words]) => `    ${pattern}) ${reply(words)}; return ;;`)
  .join("\n")}
    ${valuePatterns(places)}) return ;;
  esac
  case "$path" in
${places.map((place) => `    "${place.path}") ${reply(wordsOf(place))} ;;`).join("\n")}
  esac
}
complete -o default -F _${name} ${name}
`;
}

function zshScript(name: string, places: readonly Place[]): string {
  return `#compdef ${name}
# ${name}: completion for zsh
_${name}() {
  local path=${name} word prev=\${words[CURRENT-1]}
  for word in \${words[2,CURRENT-1]}; do
    ${pathCase(places)}
  done
  case "$path $prev" in
${choiceCases(places)
  .map(([pattern, words]) => `    ${pattern}) compadd -- ${words}; return ;;`)
  .join("\n")}
    ${valuePatterns(places)}) _files; return ;;
  esac
  case "$path" in
${places.map((place) => `    "${place.path}") compadd -- ${wordsOf(place)} ;;`).join("\n")}
  esac
  _files
}
compdef _${name} ${name}
`;
}

function fishScript(name: string, places: readonly Place[]): string {
  const lines = places.flatMap((place) => {
    const here = `complete -c ${name} -n '__${name}_at "${place.path}"'`;
    return [
      ...place.commands.map((one) => `${here} -f -a ${one.name} -d ${quoted(one.summary)}`),
      ...place.choices.map((choice) => `${here} -a ${choice}`),
      ...place.options.map((option) => {
        const long = option.long === undefined ? "" : ` -l ${option.long.slice(2)}`;
        const short = option.short === undefined ? "" : ` -s ${option.short.slice(1)}`;
        const value = option.required ? " -r" : "";
        const choices = option.argChoices === undefined ? "" : ` -f -a ${quoted(option.argChoices.join(" "))}`;
        return `${here}${long}${short}${value}${choices} -d ${quoted(option.description)}`;
      }),
    ];
  });
  return `# ${name}: completion for fish
function __${name}_at
  set -l path ${name}
  set -l words (commandline -opc)
  for word in $words[2..-1]
    switch "$path $word"
      case ${places
        .slice(1)
        .map(({ path }) => `"${path}"`)
        .join(" ")}
        set path "$path $word"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
