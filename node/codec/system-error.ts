import { QkcError } from "./errors.ts";

/** Something that the operating system refuses: it says nothing of the bytes that lie there. */
export class SystemError extends QkcError {
  /** Path of the file or folder. */
  readonly path: string;
  /** EACCES, ENOSPC, …; empty where the system gave none. */
  readonly errno: string;

  constructor(path: string, errno: string, message: string, options?: ErrorOptions) {
    super("STORAGE", message, options);
    this.path = path;
    this.errno = errno;
  }
}

/** What a refusal means and what to do about it. Codes that are not here are told as the system tells them. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied: run as a user who may, or change the permissions",
  EPERM: "the operation is not permitted to this user",
  EMFILE: "too many open files in this process: raise the limit (ulimit -n) or use fewer --workers",
  ENFILE: "too many open files on this machine: close some, or raise the system's limit",
  EIO: "the device reports an error: look at the disk, then try again",
  ESTALE: "the network file system has lost it: mount it again",
  ETIMEDOUT: "the network file system does not answer",
  ENOSPC: "no space is left on the device: free some, then try again",
  EDQUOT: "the disk quota is used up: free some, then try again",
  EFBIG: "the file would be larger than the system allows",
  EROFS: "the file system is read-only: choose another folder",
  ENOTDIR: "part of the path is a file, not a folder",
  EISDIR: "it is a folder, not a file",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "the name is longer than the file system allows",
  EBUSY: "it is in use",
  EINTR: "the system interrupted it: try again",
  ENOMEM: "the system has no memory left",
  ENODEV: "the device is gone",
  ENXIO: "the device is gone",
};

/** The errno of an error of the file system; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("syscall" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/**
 * An error of the file system as one that says what, where and what to do; anything else as it is. What a missing file
 * means, the caller has to say first: it comes out of here as refused too.
 * @param doing such as "read" or "write"
 */
export function systemRefusal(error: unknown, path: string, doing: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof SystemError) return error;
  const reason = REASONS[errno] ?? (errno === "ENOENT" ? "there is no such file or folder" : (error as Error).message);
  return new SystemError(path, errno, `cannot ${doing} ${path}: ${reason} (${errno})`, { cause: error });
}
