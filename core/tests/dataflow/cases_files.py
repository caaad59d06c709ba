# ruff: noqa: E501
"""Files and folders: written, read, listed, asked for; by Python, by libraries, by programs."""

from .form import case

CASES = [
    case(
        "permissions_of_new_files",
        ["import os", "old = os.umask(0o77)", "print(os.umask(0o22))"],
        [(0, 1), (0, 2), (1, 2)],
        why="the mask is state of the process",
    ),
    case(
        "csv",
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1]})",
            "df.to_csv('nbr_t.csv', index=False)",
            "print(pd.read_csv('nbr_t.csv'))",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="one cell writes the file that the other reads; both use the import",
        needs=["pandas"],
    ),
    case(
        "array_file",
        ["import numpy as np", "np.save('nbr_a.npy', np.ones(2))", "print(np.load('nbr_a.npy'))"],
        [(0, 1), (0, 2), (1, 2)],
        why="the file carries the data",
        needs=["numpy"],
    ),
    case(
        "pickle_file",
        [
            "import pickle",
            "with open('nbr_o.pkl', 'wb') as f: pickle.dump([1], f)",
            "with open('nbr_o.pkl', 'rb') as f: print(pickle.load(f))",
        ],
        [(0, 1), (0, 2), (1, 2)],
        [],
        why="the file carries the data",
    ),
    case(
        "path_methods",
        [
            "from pathlib import Path",
            "Path('nbr_x.txt').write_text('1') and None",
            "print(Path('nbr_x.txt').read_text())",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the file carries the data",
    ),
    case(
        "copied",
        [
            "import shutil",
            "open('nbr_a.txt', 'w').write('1') and None",
            "shutil.copy('nbr_a.txt', 'nbr_b.txt')",
            "print(open('nbr_b.txt').read())",
        ],
        [(0, 2), (1, 2), (2, 3)],
        why="the copy is made of the first file",
    ),
    case(
        "renamed",
        [
            "import os",
            "open('nbr_a.txt', 'w').write('1') and None",
            "os.rename('nbr_a.txt', 'nbr_c.txt')",
            "print(open('nbr_c.txt').read())",
        ],
        [(0, 2), (1, 2), (2, 3)],
        why="the renamed file has the content of the first",
    ),
    case(
        "appended",
        [
            "open('nbr_l.txt', 'w').write('a') and None",
            "open('nbr_l.txt', 'a').write('b') and None",
            "print(open('nbr_l.txt').read())",
        ],
        [(0, 1), (1, 2)],
        [(0, 2)],
        why="appending keeps what was there",
    ),
    case(
        "overwritten",
        [
            "open('nbr_l.txt', 'w').write('a') and None",
            "open('nbr_l.txt', 'w').write('b') and None",
            "print(open('nbr_l.txt').read())",
        ],
        [(1, 2)],
        why="opening for writing empties the file: what was there does not matter",
    ),
    case(
        "handle_across_cells",
        ["fh = open('nbr_h.txt', 'w')", "fh.write('x') and None", "fh.close()", "print(open('nbr_h.txt').read())"],
        [(0, 1), (1, 2), (2, 3)],
        [(0, 2), (0, 3), (1, 3)],
        why="the text reaches the file when it is closed",
    ),
    case(
        "listed",
        [
            "open('nbr_q1.dat', 'w').close()",
            "import os\nprint(sorted(n for n in os.listdir('.') if n.startswith('nbr_')))",
        ],
        [(0, 1)],
        why="the new file is in the listing",
    ),
    case(
        "globbed",
        ["open('nbr_q2.dat', 'w').close()", "import glob\nprint(sorted(glob.glob('nbr_*.dat')))"],
        [(0, 1)],
        why="the new file is in the listing",
    ),
    case(
        "found_absent",
        ["import os\nprint(os.path.exists('nbr_n'))", "open('nbr_n', 'w').close()", "print(os.path.exists('nbr_n'))"],
        [(0, 2), (1, 2)],
        why="the second question is answered by what the cell in between wrote",
    ),
    case(
        "removed",
        ["import os\nopen('nbr_z', 'w').close()", "os.remove('nbr_z')", "print(os.path.exists('nbr_z'))"],
        [(0, 1), (0, 2), (1, 2)],
        why="the file is gone because the cell removed it",
    ),
    case(
        "written_by_a_program",
        ["import subprocess", "subprocess.run('echo 1 > nbr_s.txt', shell=True)", "print(open('nbr_s.txt').read())"],
        [(0, 1), (1, 2)],
        why="the program that the cell started wrote the file",
    ),
    case(
        "written_by_a_shell_line",
        ["!echo 2 > nbr_s2.txt", "print(open('nbr_s2.txt').read())"],
        [(0, 1)],
        why="the program that the cell started wrote the file",
    ),
    case(
        "read_by_a_shell_line",
        ["open('nbr_s3.txt', 'w').write('3') and None", "got = !cat nbr_s3.txt", "print(got)"],
        [(0, 1), (1, 2)],
        why="the program that the cell started reads the file",
    ),
    case(
        "read_by_the_system",
        [
            "import os",
            "open('nbr_s4.txt', 'w').write('3') and None",
            "os.system('cat nbr_s4.txt > nbr_s5.txt') and None",
        ],
        [(0, 2), (1, 2)],
        why="the program that the cell started reads the file",
    ),
    case(
        "database_file",
        [
            "import sqlite3",
            "with sqlite3.connect('nbr.db') as c: c.execute('create table t (a)'); c.execute('insert into t values (1)')\nc.close()",
            "with sqlite3.connect('nbr.db') as c2: print(c2.execute('select a from t').fetchall())\nc2.close()",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the database file carries the data",
    ),
    case(
        "parquet_by_pandas",
        [
            "import pandas as pd\ndf = pd.DataFrame({'a': [1]})",
            "df.to_parquet('nbr.parquet')",
            "print(pd.read_parquet('nbr.parquet'))",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the file carries the data",
        needs=["pandas", "pyarrow"],
    ),
    case(
        "parquet_by_arrow",
        [
            "import pyarrow as pa\nimport pyarrow.parquet as pq",
            "pq.write_table(pa.table({'a': [1]}), 'nbr2.parquet')",
            "print(pq.read_table('nbr2.parquet').num_rows)",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the file carries the data, though the library opens it unseen",
        needs=["pyarrow"],
    ),
    case(
        "memory_map",
        [
            "import numpy as np",
            "m = np.memmap('nbr.mm', dtype='u1', mode='w+', shape=4)",
            "m[0] = 7\nm.flush()",
            "print(np.fromfile('nbr.mm', dtype='u1'))",
        ],
        [(0, 1), (0, 3), (1, 2), (2, 3)],
        [(1, 3), (0, 2)],
        why="writing to the map changes the file",
        needs=["numpy"],
    ),
    case(
        "compressed",
        [
            "import gzip",
            "with gzip.open('nbr.gz', 'wt') as f: f.write('1') and None",
            "with gzip.open('nbr.gz', 'rt') as f: print(f.read())",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the file carries the data",
    ),
    case(
        "working_directory",
        [
            "import os\nos.makedirs('nbr_sub', exist_ok=True)",
            "os.chdir('nbr_sub')",
            "print(os.path.basename(os.getcwd()))",
        ],
        [(0, 1), (0, 2), (1, 2)],
        why="the working directory is state",
    ),
    case(
        "relative_path_after_a_move",
        [
            "import os\nos.makedirs('nbr_sub2', exist_ok=True)",
            "os.chdir('nbr_sub2')",
            "open('v.txt', 'w').write('1') and None",
            "print(open('v.txt').read())",
        ],
        [(0, 1), (1, 2), (1, 3), (2, 3)],
        why="a relative path means another file elsewhere",
    ),
    case(
        "log_file",
        [
            "import logging\nh = logging.FileHandler('nbr.log')\nlog = logging.getLogger('nbr'); log.addHandler(h)",
            "log.warning('one')\nh.flush()",
            "print(open('nbr.log').read())",
        ],
        [(0, 1), (1, 2)],
        [(0, 2)],
        why="the handler writes the file",
    ),
    case(
        "configuration_file",
        [
            "open('nbr.ini', 'w').write('[a]\\nb = 1\\n') and None",
            "import configparser\ncp = configparser.ConfigParser(); cp.read('nbr.ini')",
            "print(cp['a']['b'])",
        ],
        [(0, 1), (1, 2)],
        why="the parser reads the file",
    ),
    case(
        "unrelated_files",
        [
            "open('nbr_u1', 'w').write('1') and None",
            "open('nbr_u2', 'w').write('2') and None",
            "print(open('nbr_u1').read())",
        ],
        [(0, 2)],
        why="another file was written in between",
    ),
    case(
        "folder_made_and_entered",
        [
            "import os",
            "os.makedirs('nbr_sub3', exist_ok=True)",
            "os.chdir('nbr_sub3')",
            "print(os.path.basename(os.getcwd()))",
            "os.chdir('..')",
        ],
        [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (2, 4)],
        [(1, 4)],
        why="one can only go to a folder that is there",
    ),
    case(
        "folder_made_once",
        ["import os", "os.mkdir('nbr_sub4')", "os.rmdir('nbr_sub4')", "os.mkdir('nbr_sub4')"],
        [(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)],
        [(1, 3)],
        why="a folder can only be made where there is none",
    ),
]
