// Which commands this member sees here, as Discord's client decides it.

const CHAT_INPUT = 1;
const ON_A_MESSAGE = 3;
const SUBCOMMAND = 1;
const GROUP = 2;
const ADMINISTRATOR = 1n << 3n;

/** Returns the slash commands, a subcommand as a command of its own: {name, description, options}. */
export function slashCommands(world) {
  return usable(world, CHAT_INPUT).flatMap((command) => flattened(command, command.name, world));
}

/** Returns the commands in the menu of a message. */
export function messageCommands(world) {
  return usable(world, ON_A_MESSAGE);
}

function usable(world, type) {
  return world.commands.filter((command) => command.type === type && offered(command, world));
}

function offered(command, { channel, member }) {
  const context = channel.direct ? 1 : 0;
  if (channel.direct && (command.guild_id || command.dm_permission === false)) return false;
  if (command.contexts && !command.contexts.includes(context)) return false;
  if (command.nsfw && !channel.nsfw && !channel.direct) return false;
  const needed = command.default_member_permissions;
  if (needed === null || needed === undefined || channel.direct) return true;
  const has = BigInt(member.permissions);
  const wanted = BigInt(needed) || ADMINISTRATOR;
  return Boolean(has & ADMINISTRATOR) || (has & wanted) === wanted;
}

function flattened(command, name, world) {
  const options = command.options ?? [];
  const parts = options.filter((one) => [SUBCOMMAND, GROUP].includes(one.type));
  if (parts.length) return parts.flatMap((one) => flattened(one, `${name} ${one.name}`, world));
  return [{ ...command, name, options: options.map((one) => withThings(one, world)) }];
}

/** A member, a channel or a role is chosen from those of the guild. */
function withThings(option, world) {
  const people = world.members.map((one) => ({ name: one.name, value: one.id }));
  const roles = world.roles.map((one) => ({ name: one.name, value: one.id }));
  const channels = world.channels
    .filter((one) => !one.direct)
    .map((one) => ({ name: `#${one.name}`, value: one.id }));
  const choices = { 6: people, 7: channels, 8: roles, 9: [...people, ...roles] }[option.type];
  return choices ? { ...option, choices } : option;
}
