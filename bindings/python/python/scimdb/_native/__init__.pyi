# Made when the wheel is built: the declarations of include/scimdb.h, and the library itself.
from typing import Any

ffi: Any
lib: Any
