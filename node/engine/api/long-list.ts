import { z } from "zod";

/**
 * A list of up to `most` items that is read up to the first one that does not fit. z.array notes what is wrong with each
 * item, and a peer that sends millions of bad ones must not fill the memory with that.
 */
export function longListField<T>(item: z.ZodType<T>, most = Number.POSITIVE_INFINITY) {
  const { $schema: _, ...items } = z.toJSONSchema(item, { io: "input" });
  return z
    .unknown()
    .meta({ type: "array", items, ...(most < Infinity ? { maxItems: most } : {}) })
    .transform((value, context): readonly T[] => {
      if (!Array.isArray(value) || value.length > most) {
        context.addIssue(most < Infinity ? `a list of up to ${most} expected` : "a list expected");
        return z.NEVER;
      }
      const read: T[] = [];
      for (const [index, raw] of value.entries()) {
        const parsed = item.safeParse(raw);
        if (!parsed.success) {
          const [{ path, message }] = parsed.error.issues;
          context.addIssue({ code: "custom", path: [index, ...path], message });
          return z.NEVER;
        }
        read.push(parsed.data);
      }
      return read;
    });
}
