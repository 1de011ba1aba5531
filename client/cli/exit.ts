/** The exit codes for --help; core/exit-codes maps every error code to one of them. */
export const EXIT_HELP = `Exit codes:
    0  done                                 64  mend the input
    2  what was given is no evidence        69  vault or hardware not reached
    3  a fault: a log's, a rule's           70  alert: something that must not be
    4  audit: something is open             75  try again, later
    5  denied by the custodians            130  interrupted
    6  expired, or the lease is over: ask anew
    7  overtaken, by another policy for instance: ask anew
    8  ended: withdrawn, revoked or decided
    9  the vault is stopped until a quorum resumes it`;
