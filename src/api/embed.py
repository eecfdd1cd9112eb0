"""Files as one file of C: `static const unsigned char docs_html[] = {...}` for docs.html."""
import os
import sys

with open(sys.argv[-1], "w") as out:
    out.write('#include "api/docs.h"\n')
    for name in sys.argv[1:-1]:
        data = open(name, "rb").read()
        symbol = os.path.basename(name).replace(".", "_")
        out.write(f"\nconst struct docs_file {symbol} = {{ {len(data)}, (const unsigned char[]){{")
        for at in range(0, len(data), 16):
            out.write("\n\t" + ", ".join(str(byte) for byte in data[at:at + 16]) + ",")
        out.write("\n} };\n")
