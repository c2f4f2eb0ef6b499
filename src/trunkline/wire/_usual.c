/* The functions of usual.py that every event passes, in C.

   They promise what is promised there, and return the same for all bytes. Only the limited API is
   used, so that one build serves every version of Python from 3.11 on. Lengths are checked before
   bytes are read: nothing here reads behind the end of what it was given. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

#define SIZE_DIGITS 7

/* Some bytes that are owned by somebody else, from `at` to before `end`. */
typedef struct {
    const char *at;
    const char *end;
} Bytes;

static const char DATA[] = "data: ";
static const char END[] = "\n\n\r\n"; /* of the event, then of the chunk */
static const char ID[] = "{\"id\":\"";
static const char EDITED_AT[] = "\"edited_at\":";
static const Py_ssize_t UNDERSCORE_AT = 7; /* in EDITED_AT: the byte of it that is rare in a post */

#define LENGTH(text) ((Py_ssize_t)sizeof(text) - 1)

static int
begins_with(Bytes bytes, const char *text, Py_ssize_t length)
{
    return bytes.end - bytes.at >= length && memcmp(bytes.at, text, (size_t)length) == 0;
}

static int
contains(Bytes bytes, char wanted)
{
    return memchr(bytes.at, wanted, (size_t)(bytes.end - bytes.at)) != NULL;
}

static int
bytes_of(PyObject *object, Bytes *bytes)
{
    char *at;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(object, &at, &length) < 0) {
        return -1;
    }
    bytes->at = at;
    bytes->end = at + length;
    return 0;
}

static int
digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Take the line that names the size of a chunk, and return the size; 0 for a line that does not. */
static Py_ssize_t
take_size_line(Bytes *rest)
{
    Py_ssize_t size = 0;
    int digits = 0;
    for (; digits < SIZE_DIGITS && rest->at < rest->end; digits++, rest->at++) {
        int value = digit_value(*rest->at);
        if (value < 0) {
            break;
        }
        size = size * 16 + value;
    }
    if (digits == 0 || !begins_with(*rest, "\r\n", 2)) {
        return 0;
    }
    rest->at += 2;
    return size;
}

/* How the usual event looks: `Usual` of usual.py. */
typedef struct {
    Bytes opening;
    Bytes block;
    PyObject *name; /* borrowed */
    Py_ssize_t largest_bytes;
} Usual;

static int
read_usual(PyObject *tuple, Usual *usual)
{
    PyObject *opening, *block;
    if (!PyArg_ParseTuple(tuple, "SSUn", &opening, &block, &usual->name, &usual->largest_bytes)) {
        return -1;
    }
    return bytes_of(opening, &usual->opening) < 0 || bytes_of(block, &usual->block) < 0 ? -1 : 0;
}

/* Take one whole usual event off `rest` and return its payload; `payload->at` is NULL for none. */
static Bytes
take_event(Bytes *rest, const Usual *usual)
{
    const Bytes none = {NULL, NULL};
    Bytes next = *rest, content = usual->block, payload;
    if (begins_with(next, usual->opening.at, usual->opening.end - usual->opening.at)) {
        next.at += usual->opening.end - usual->opening.at;
        content.at = DATA;
        content.end = DATA + LENGTH(DATA);
    }
    Py_ssize_t size = take_size_line(&next), opening = content.end - content.at;
    if (size > usual->largest_bytes || size < opening + 2 || next.end - next.at < size + 2
        || !begins_with(next, content.at, opening)) {
        return none;
    }
    payload.at = next.at + opening;
    payload.end = next.at + size - 2;
    if (memcmp(payload.end, END, (size_t)LENGTH(END)) != 0 || contains(payload, '\n')
        || contains(payload, '\r')) {
        return none;
    }
    rest->at = payload.end + LENGTH(END);
    return payload;
}

/* Append Frame(name, payload) to a list. */
static int
append_frame(PyObject *items, PyObject *frame_class, PyObject *name, Bytes payload)
{
    int status = -1;
    PyObject *data = PyBytes_FromStringAndSize(payload.at, payload.end - payload.at);
    if (data != NULL) {
        PyObject *frame = PyObject_CallFunctionObjArgs(frame_class, name, data, NULL);
        if (frame != NULL) {
            status = PyList_Append(items, frame);
            Py_DECREF(frame);
        }
        Py_DECREF(data);
    }
    return status;
}

PyDoc_STRVAR(take_usual_doc, "take_usual(data, position, usual, items)\n--\n\nSee usual.py.");

static PyObject *
take_usual(PyObject *module, PyObject *args)
{
    PyObject *data, *tuple, *items;
    Py_ssize_t position;
    Usual usual;
    Bytes rest;
    if (!PyArg_ParseTuple(args, "SnO!O!", &data, &position, &PyTuple_Type, &tuple, &PyList_Type,
                          &items)
        || bytes_of(data, &rest) < 0 || read_usual(tuple, &usual) < 0) {
        return NULL;
    }
    const char *begin = rest.at;
    if (position < 0 || position > rest.end - begin) {
        return PyLong_FromSsize_t(position);
    }
    PyObject *frame_class = *(PyObject **)PyModule_GetState(module);
    rest.at += position;
    for (;;) {
        Bytes payload = take_event(&rest, &usual);
        if (payload.at == NULL) {
            return PyLong_FromSsize_t(rest.at - begin);
        }
        if (append_frame(items, frame_class, usual.name, payload) < 0) {
            return NULL;
        }
    }
}

/* Return where the value of the first EDITED_AT begins, or NULL without one. */
static const char *
value_of_edited_at(Bytes bytes)
{
    if (bytes.end - bytes.at < LENGTH(EDITED_AT)) {
        return NULL;
    }
    Bytes ahead = {bytes.at + UNDERSCORE_AT, bytes.end};
    while (ahead.at < ahead.end) {
        const char *found = memchr(ahead.at, '_', (size_t)(ahead.end - ahead.at));
        if (found == NULL) {
            return NULL;
        }
        Bytes here = {found - UNDERSCORE_AT, bytes.end};
        if (begins_with(here, EDITED_AT, LENGTH(EDITED_AT))) {
            return here.at + LENGTH(EDITED_AT);
        }
        ahead.at = found + 1;
    }
    return NULL;
}

static int
is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
           || (byte >= 'a' && byte <= 'z');
}

PyDoc_STRVAR(unedited_id_doc, "unedited_id(raw)\n--\n\nSee usual.py.");

static PyObject *
unedited_id(PyObject *module, PyObject *raw)
{
    Bytes rest;
    if (bytes_of(raw, &rest) < 0) {
        return NULL;
    }
    if (!begins_with(rest, ID, LENGTH(ID))) {
        Py_RETURN_NONE;
    }
    const char *id = rest.at += LENGTH(ID);
    while (rest.at < rest.end && is_alphanumeric(*rest.at)) {
        rest.at++;
    }
    const char *value = NULL;
    if (rest.at > id && rest.at < rest.end && *rest.at == '"') {
        value = value_of_edited_at(rest);
    }
    if (value == NULL || value == rest.end || *value != 'n') {
        Py_RETURN_NONE;
    }
    return PyUnicode_FromStringAndSize(id, rest.at - id);
}

/* What a JSON string says, as UTF-8: bytes are copied eight at a time, up to what is special. */

typedef struct {
    Bytes rest;
    char *out;
} Copying;

#define EIGHT(byte) (UINT64_C(0x0101010101010101) * (byte))
#define TOP_BITS EIGHT(0x80)

/* Mark with its top bit each zero byte of a word; above the first one marks can be wrong. */
static uint64_t
zero_bytes(uint64_t word)
{
    return (word - EIGHT(0x01)) & ~word & TOP_BITS;
}

/* The same for the bytes that cannot be copied as they are: `"`, `\`, controls, and non-ASCII. */
static uint64_t
special_bytes(uint64_t word)
{
    uint64_t controls = (word - EIGHT(0x20)) & ~word;
    return ((controls | word) & TOP_BITS) | zero_bytes(word ^ EIGHT('"'))
           | zero_bytes(word ^ EIGHT('\\'));
}

static int
is_plain(char byte)
{
    return (unsigned char)byte >= 0x20 && (unsigned char)byte < 0x80 && byte != '"'
           && byte != '\\';
}

static void
copy_plain(Copying *copying)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const char *at = copying->rest.at, *end = copying->rest.end;
    char *out = copying->out;
    while (end - at > 8) {
        uint64_t word, special;
        memcpy(&word, at, 8);
        memcpy(out, &word, 8); /* what is too much is written over */
        special = special_bytes(word);
        int plain = special == 0 ? 8 : __builtin_ctzll(special) / 8;
        at += plain;
        out += plain;
        if (special != 0) {
            if (at[0] != '\\' || at[1] != '"') {
                break;
            }
            *out++ = '"'; /* every second special byte in JSON that is quoted again */
            at += 2;
        }
    }
    copying->rest.at = at;
    copying->out = out;
#endif
    while (copying->rest.at < copying->rest.end && is_plain(*copying->rest.at)) {
        *copying->out++ = *copying->rest.at++;
    }
}

static int
lies_between(char byte, unsigned lowest, unsigned highest)
{
    return (unsigned char)byte >= lowest && (unsigned char)byte <= highest;
}

/* Return how long the character of several bytes is that begins here; 0 if it is not well formed.

   Source: the Unicode standard, table "Well-Formed UTF-8 Byte Sequences". */
static int
utf8_length(Bytes rest)
{
    unsigned first = (unsigned char)*rest.at;
    int length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
    if (length == 0 || rest.end - rest.at < length) {
        return 0;
    }
    unsigned lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    int is_formed = lies_between(rest.at[1], lowest, highest);
    for (int place = 2; place < length; place++) {
        is_formed &= lies_between(rest.at[place], 0x80, 0xBF);
    }
    return is_formed ? length : 0;
}

static char *
put_utf8(char *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (char)character;
        return out;
    }
    int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char FIRSTS[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(FIRSTS[more] | (character >> (6 * more)));
    while (more-- > 0) {
        *out++ = (char)(0x80 | ((character >> (6 * more)) & 0x3F));
    }
    return out;
}

/* Take the six bytes of `\uXXXX` and return their number; -1 if they are something else. */
static int32_t
take_unit(Bytes *rest)
{
    int32_t unit = 0;
    if (!begins_with(*rest, "\\u", 2) || rest->end - rest->at < 6) {
        return -1;
    }
    for (int place = 2; place < 6; place++) {
        int value = digit_value(rest->at[place]);
        if (value < 0) {
            return -1;
        }
        unit = unit * 16 + value;
    }
    rest->at += 6;
    return unit;
}

static int
copy_unit(Copying *copying)
{
    int32_t character = take_unit(&copying->rest);
    if (character < 0 || (character >= 0xDC00 && character < 0xE000)) {
        return -1;
    }
    if (character >= 0xD800 && character < 0xDC00) {
        int32_t second = take_unit(&copying->rest);
        if (second < 0xDC00 || second >= 0xE000) {
            return -1;
        }
        character = 0x10000 + ((character - 0xD800) << 10) + (second - 0xDC00);
    }
    copying->out = put_utf8(copying->out, (uint32_t)character);
    return 0;
}

static int
copy_escape(Copying *copying)
{
    static const char WRITTEN[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
    if (copying->rest.end - copying->rest.at < 2) {
        return -1;
    }
    char written = copying->rest.at[1];
    if (written == 'u') {
        return copy_unit(copying);
    }
    const char *found = memchr(WRITTEN, written, sizeof(WRITTEN) - 1);
    if (found == NULL) {
        return -1;
    }
    *copying->out++ = MEANT[found - WRITTEN];
    copying->rest.at += 2;
    return 0;
}

static int
copy_special(Copying *copying)
{
    if (*copying->rest.at == '\\') {
        return copy_escape(copying);
    }
    int length = utf8_length(copying->rest);
    memcpy(copying->out, copying->rest.at, (size_t)length);
    copying->out += length;
    copying->rest.at += length;
    return length == 0 ? -1 : 0;
}

PyDoc_STRVAR(last_string_doc, "last_string(text, quote_at)\n--\n\nSee usual.py.");

static PyObject *
last_string(PyObject *module, PyObject *args)
{
    PyObject *text, *said = NULL;
    Py_ssize_t quote_at;
    Copying copying;
    if (!PyArg_ParseTuple(args, "Sn", &text, &quote_at) || bytes_of(text, &copying.rest) < 0) {
        return NULL;
    }
    Py_ssize_t length = copying.rest.end - copying.rest.at;
    if (quote_at < 0 || quote_at > length - 3 || copying.rest.at[quote_at] != '"'
        || memcmp(copying.rest.end - 2, "\"}", 2) != 0) {
        Py_RETURN_NONE;
    }
    copying.rest.at += quote_at + 1;
    copying.rest.end -= 2;
    char *begin = copying.out = PyMem_Malloc((size_t)length + 8);
    if (begin == NULL) {
        return PyErr_NoMemory();
    }
    int status = 0;
    for (copy_plain(&copying); status == 0 && copying.rest.at < copying.rest.end;) {
        status = copy_special(&copying);
        copy_plain(&copying);
    }
    if (status == 0) {
        said = PyBytes_FromStringAndSize(begin, copying.out - begin);
    }
    PyMem_Free(begin);
    if (status < 0) {
        Py_RETURN_NONE;
    }
    return said;
}

static int
module_exec(PyObject *module)
{
    PyObject *sse = PyImport_ImportModule("trunkline.wire.sse");
    if (sse == NULL) {
        return -1;
    }
    PyObject **state = PyModule_GetState(module);
    *state = PyObject_GetAttrString(sse, "Frame");
    Py_DECREF(sse);
    return *state == NULL ? -1 : 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    Py_VISIT(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static int
module_clear(PyObject *module)
{
    Py_CLEAR(*(PyObject **)PyModule_GetState(module));
    return 0;
}

static PyMethodDef methods[] = {
    {"take_usual", take_usual, METH_VARARGS, take_usual_doc},
    {"unedited_id", unedited_id, METH_O, unedited_id_doc},
    {"last_string", last_string, METH_VARARGS, last_string_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, module_exec},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_usual",
    .m_doc = "What trunkline.wire.usual has in Python too.",
    .m_size = sizeof(PyObject *),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
};

PyMODINIT_FUNC
PyInit__usual(void)
{
    return PyModuleDef_Init(&definition);
}
