# ruff: noqa: E501
"""Tensors, models and optimisers of torch; tables of polars."""

from .form import RESTART, Case

T, P = ("torch",), ("polars",)
MODEL = "import torch\ntorch.manual_seed(0)\nm = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))\nopt = torch.optim.Adam(m.parameters(), lr=0.1)\nX, y = torch.ones(4, 2), torch.zeros(4, 1)\ndef step():\n    opt.zero_grad()\n    loss = ((m(X) - y) ** 2).mean()\n    loss.backward()\n    opt.step()\n    return round(loss.item(), 5)\nstep()"

# fmt: off
CASES = [
    Case("tensor_view", ["import torch\nt = torch.zeros(6); v = t.view(2, 3)[1]"], ["v.add_(1)"], "(t.tolist(), v.tolist(), v.stride(), v.storage_offset())", "v.add_(1)", "t.tolist()", needs=T, why="the view sees the tensor's memory"),
    Case("tensor_alias", ["import torch\nt = torch.zeros(2); d = {'t': t, 'u': t}"], ["t[0] = 5"], "(d['t'] is t, d['u'] is t, t.tolist())", "d['u'][1] = 7", "t.tolist()", needs=T, why="one tensor, three ways"),
    Case("tensor_transposed", ["import torch\nt = torch.arange(6.).reshape(2, 3); u = t.t(); e = torch.ones(1).expand(4)"], ["t[0, 1] = 50"], "(u.tolist(), u.stride(), u.is_contiguous(), e.stride())", "u[0, 0] = 9", "t.tolist()", needs=T, why="other strides on the same memory"),
    Case("tensor_kinds", ["import torch\na = torch.ones(2, dtype=torch.bfloat16); b = torch.tensor([True, False]); c = torch.tensor(3); z = torch.empty(0, 4); w = torch.tensor([1 + 2j]); i = torch.tensor([1, 2], dtype=torch.int8)"], ["a[0] = 2; b[0] = False; c += 1; w[0] = 0; i[0] = 9"], "(a.tolist(), a.dtype, b.tolist(), c.item(), z.shape, w.tolist(), i.tolist(), i.dtype)", needs=T, why="kinds of elements"),
    Case("tensor_gradient", ["import torch\nt = torch.ones(2, requires_grad=True)\n(t * 3).sum().backward()"], ["t.grad.zero_()", "(t * 5).sum().backward()"], "(t.grad.tolist(), t.requires_grad, t.is_leaf)", "(t * 2).sum().backward()", "t.grad.tolist()", needs=T, why="the gradient is the tensor's"),
    Case("tensor_gradient_shared", ["import torch\nt = torch.ones(2, requires_grad=True)\nt.sum().backward(); g = t.grad"], ["g.add_(5)"], "(g is t.grad, t.grad.tolist())", "g.add_(1)", "t.grad.tolist()", needs=T, why="the variable is the gradient"),
    Case("tensor_attribute", ["import torch\nt = torch.ones(2); t.note = [1]"], ["t.note.append(2); t[0] = 3"], "(t.note, t.tolist())", needs=T, why="an attribute of the user's"),
    Case("tensor_in_graph", ["import torch\nt = torch.ones(2, requires_grad=True); s = (t * 2).sum()"], ["s = None; t2 = t.detach(); t2[0] = 5"], "t.tolist()", "s.backward()", "t.grad.tolist()", needs=T, lost="s|t", why="the graph leads to t"),
    Case("tensor_of_an_array", ["import torch, numpy as np\na = np.zeros(3); t = torch.from_numpy(a)"], ["t[0] = 5"], "(a.tolist(), t.tolist())", "a[1] = 7", "t.tolist()", needs=T, lost="a|t", why="both see the same memory"),
    Case("array_of_a_tensor", ["import torch, numpy as np\nt = torch.zeros(3); a = t.numpy()"], ["a[0] = 5"], "(a.tolist(), t.tolist())", "a[1] = 7", "t.tolist()", needs=T, lost="a|t", why="both see the same memory"),
    Case("tensor_sparse", ["import torch\nt = torch.eye(2).to_sparse()"], ["t = t * 2"], "t.to_dense().tolist()", needs=T, lost="t", why="twice the unit matrix came later"),
    Case("tensor_to_another_dtype_view", ["import torch\nt = torch.zeros(2); v = t.view(torch.int32)"], ["v[0] = 1065353216"], "(t.tolist(), v.tolist())", "v[1] = 1065353216", "t.tolist()", needs=T, why="the same bytes seen as integers"),
    Case("tensor_bound_anew", ["import torch\nt = torch.zeros(2)"], ["t = torch.ones(3)"], "t.tolist()", needs=T, why="zeros"),
    Case("model_trained_on", [MODEL], ["r = [step() for _ in range(5)]"], "round(float(m(X).sum()), 5)", "r = [step() for _ in range(3)]", "r", needs=T, why="weights and the optimiser's moments as after the first step"),
    Case("model_and_optimiser_are_one", [MODEL], ["step()"], "(opt.param_groups[0]['params'][0] is next(m.parameters()), len(opt.state))", "opt.param_groups[0]['lr'] = 0.0; a = m(X).sum().item(); step(); r = m(X).sum().item() == a", "r", needs=T, why="the optimiser changes the model's own weights"),
    Case("model_of_own_class", ["import torch\ntorch.manual_seed(1)\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.a = torch.nn.Linear(2, 2); self.b = torch.nn.Linear(2, 2); self.b.weight = self.a.weight\n        self.register_buffer('seen', torch.zeros(1))\n    def forward(self, x):\n        self.seen += 1\n        return self.b(self.a(x))\nnet = Net(); n = net(torch.ones(1, 2)).sum().item()"], ["net.a.weight.data.zero_(); net(torch.ones(1, 2)); net.eval()"], "(net.a.weight is net.b.weight, net.seen.item(), net.training, round(net.a.weight.sum().item(), 4), type(net) is Net)", "q = round(net(torch.ones(1, 2)).sum().item() - n, 5)", "(q, net.seen.item())", needs=T, why="tied weights, a buffer, the mode"),
    Case("state_dict", ["import torch\nl = torch.nn.Linear(1, 1); s = l.state_dict()"], ["l.weight.data.fill_(7.)"], "(s['weight'].data_ptr() == l.weight.data_ptr(), s['weight'].item() == 7.)", "l.weight.data.fill_(3.)", "s['weight'].item()", needs=T, why="the dictionary sees the weights' memory"),
    Case("torch_seed", ["import torch\ntorch.manual_seed(3); torch.rand(2)"], ["torch.rand(5); torch.manual_seed(9)"], "1", "r = torch.rand(3).tolist()", "r", needs=T, why="the generator stands after two numbers"),
    Case("torch_generator", ["import torch\ng = torch.Generator().manual_seed(4)"], ["torch.rand(3, generator=g)"], "1", "r = torch.rand(2, generator=g).tolist()", "r", needs=T, lost="g", why="nothing was drawn from it"),
    Case("torch_settings", ["import torch\ntorch.set_default_dtype(torch.float64); torch.set_printoptions(precision=2)"], ["torch.set_default_dtype(torch.float32); torch.set_grad_enabled(False); torch.set_printoptions(precision=6); torch.use_deterministic_algorithms(True); torch.set_num_threads(1)"], "(torch.tensor([1.]).dtype, torch.is_grad_enabled(), str(torch.tensor(1 / 3)), torch.are_deterministic_algorithms_enabled(), torch.get_num_threads())", needs=T, why="settings of the library"),
    Case("torch_backend_switch", ["import torch\nx = 1"], ["torch.backends.cudnn.benchmark = True"], "torch.backends.cudnn.benchmark", needs=T, lost="modules", why="it was off"),
    Case("tensors_after_a_restart", ["import torch\nt = torch.arange(4.); v = t[1:3]"], [RESTART, "%rewind before0", "v[0] = 8"], "(t.tolist(), v.tolist())", "v.fill_(1)", "t.tolist()", needs=T, why="a new kernel, the same memory for both"),
    Case("polars_frame", ["import polars as pl\ndf = pl.DataFrame({'a': [1, 2], 'b': ['x', None]})"], ["df[0, 'a'] = 9; df = df.with_columns(c=pl.lit(1)); df.insert_column(0, pl.Series('z', [1, 2]))"], "(df.columns, df.rows())", "df[1, 'a'] = 5", "df.rows()", needs=P, why="the table as it was made"),
    Case("polars_alias", ["import polars as pl\ndf = pl.DataFrame({'a': [1, 2]}); e = df; s = df['a']"], ["df[0, 'a'] = 9"], "(e is df, df.rows(), s.to_list())", "e[1, 'a'] = 7", "df.rows()", needs=P, why="two names of one table; a column is copied before it is written"),
    Case("polars_series", ["import polars as pl\ns = pl.Series('s', [1, 2, 3])"], ["s[0] = 9; s.append(pl.Series('s', [4]))"], "(s.name, s.to_list())", "s[1] = 7", "s.to_list()", needs=P, why="as it was made"),
    Case("polars_lazy", ["import polars as pl\nq = pl.LazyFrame({'a': [1, 2, 3]}).filter(pl.col('a') > 1)"], ["q = q.select(pl.col('a') * 2)"], "q.collect().rows()", needs=P, why="the first query"),
]
# fmt: on
