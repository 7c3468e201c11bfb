using System.Text;
using AdaLora.Internals;
using static TorchSharp.torch;

namespace AdaLora.Safetensors;

/// <summary>
/// Named tensors, numbers and texts: the state something needs to resume as if it had never stopped. Everything is a tensor, so that a single file format can hold it all.
/// Parts of a table are distinguished by name prefixes. Tensors that are added are neither copied nor owned.
/// </summary>
internal sealed class StateTable
{
    private readonly IDictionary<string, Tensor> _tensors;
    private readonly string _prefix;

    public StateTable(IDictionary<string, Tensor> tensors)
        : this(tensors, "")
    {
    }

    private StateTable(IDictionary<string, Tensor> tensors, string prefix) => (_tensors, _prefix) = (tensors, prefix);

    /// <summary>The entries whose names start with <paramref name="name"/> and a dot.</summary>
    public StateTable Part(string name) => new(_tensors, $"{_prefix}{name}.");

    /// <summary>All entries of this part, without its prefix.</summary>
    public IReadOnlyDictionary<string, Tensor> Entries =>
        _tensors.Where(p => p.Key.StartsWith(_prefix, StringComparison.Ordinal)).ToDictionary(p => p.Key[_prefix.Length..], p => p.Value, StringComparer.Ordinal);

    public bool Contains(string name) => _tensors.ContainsKey(_prefix + name);

    public void Put(string name, Tensor value) => _tensors.Add(_prefix + name, value);

    public void Put(string name, long value) => Put(name, tensor(value));

    public void Put(string name, bool value) => Put(name, value ? 1L : 0L);

    public void Put(string name, double value) => Put(name, (IReadOnlyCollection<double>)[value]);

    public void Put(string name, IReadOnlyCollection<double> values) => Put(name, tensor([.. values], dtype: ScalarType.Float64));

    public void Put(string name, long[] values) => Put(name, tensor(values, device: CPU));

    public void Put(string name, string text) => Put(name, tensor(Encoding.UTF8.GetBytes(text)));

    /// <exception cref="InvalidDataException">There is no such entry.</exception>
    public Tensor Tensor(string name) =>
        _tensors.TryGetValue(_prefix + name, out var value) ? value : throw new InvalidDataException($"The saved state lacks '{_prefix}{name}'.");

    public long Integer(string name) => HostRead.Scalar<long>(Tensor(name));

    public bool Flag(string name) => Integer(name) != 0;

    public long[] Integers(string name) => HostRead.Values<long>(Tensor(name));

    public double Number(string name) => Numbers(name)[0];

    public double[] Numbers(string name) => HostRead.Values<double>(Tensor(name));

    public string Text(string name) => Encoding.UTF8.GetString(HostRead.Values<byte>(Tensor(name)));
}
