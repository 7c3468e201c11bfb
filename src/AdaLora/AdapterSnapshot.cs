using AdaLora.Allocation;
using AdaLora.Parameters;
using static TorchSharp.torch;

namespace AdaLora;

/// <summary>The triplets of a model at some moment, with the layout and pattern they had.</summary>
internal sealed record AdapterSnapshot(BankLayout Layout, Tensor Values, PatternSnapshot Pattern) : IDisposable
{
    public void Dispose()
    {
        Values.Dispose();
        Pattern.Dispose();
    }
}
