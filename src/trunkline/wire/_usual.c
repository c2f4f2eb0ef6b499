/* The two functions of usual.py that every event passes, in C.

   They promise what is promised there, and return the same for all bytes. Only the limited API is
   used, so that one build serves every version of Python from 3.11 on. Lengths are checked before
   bytes are read: nothing here reads behind the end of what it was given. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
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
