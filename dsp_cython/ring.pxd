# cython: cdivision=True, boundscheck=False, wraparound=False
# Single-producer single-consumer rings: commands to the audio thread, log entries back.
from libc.stdint cimport int32_t, int64_t, uint32_t

from dsp_cython.rt cimport rd_load32, rd_store32

cdef enum:
    COMMAND_SLOTS = 1024
    ENTRY_SLOTS = 16384


cdef struct Command:
    int32_t op
    int32_t deck        # 0-based
    int32_t index       # hot cue, 0-based
    int32_t unused
    double a
    double b
    void *pointer


cdef struct CommandRing:
    uint32_t head       # written by the control side
    uint32_t tail       # written by the audio side
    Command slot[COMMAND_SLOTS]


cdef struct Entry:
    int64_t frame
    int32_t kind        # EntryKind
    int32_t code        # parameter or op
    int32_t deck
    int32_t index
    double a
    double b


cdef struct EntryRing:
    uint32_t head       # written by the audio side
    uint32_t tail       # written by the control side
    uint32_t lost
    Entry slot[ENTRY_SLOTS]


cdef inline bint command_push(CommandRing *ring, const Command *command) noexcept nogil:
    """Queue one command. False, and nothing changed, when full."""
    cdef uint32_t head = ring.head
    if head - rd_load32(&ring.tail) == COMMAND_SLOTS:
        return False
    ring.slot[head & (COMMAND_SLOTS - 1)] = command[0]
    rd_store32(&ring.head, head + 1)
    return True


cdef inline bint rt_command_pop(CommandRing *ring, Command *command) noexcept nogil:
    """Take the oldest command; False when there is none."""
    cdef uint32_t tail = ring.tail
    if tail == rd_load32(&ring.head):
        return False
    command[0] = ring.slot[tail & (COMMAND_SLOTS - 1)]
    rd_store32(&ring.tail, tail + 1)
    return True


cdef inline void rt_entry_push(EntryRing *ring, const Entry *entry) noexcept nogil:
    """Note one change of the sound. Counted as lost when the control side is too slow."""
    cdef uint32_t head = ring.head
    if head - rd_load32(&ring.tail) == ENTRY_SLOTS:
        ring.lost += 1
        return
    ring.slot[head & (ENTRY_SLOTS - 1)] = entry[0]
    rd_store32(&ring.head, head + 1)


cdef inline bint entry_pop(EntryRing *ring, Entry *entry) noexcept nogil:
    """Take the oldest entry; False when there is none."""
    cdef uint32_t tail = ring.tail
    if tail == rd_load32(&ring.head):
        return False
    entry[0] = ring.slot[tail & (ENTRY_SLOTS - 1)]
    rd_store32(&ring.tail, tail + 1)
    return True
