using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>The place of a parameter or buffer: its module and its name there. The tensor is looked up anew each time, because a module may replace it.</summary>
/// <param name="owner">The module.</param>
/// <param name="name">The name in the module.</param>
/// <param name="fullName">The name in the model.</param>
/// <param name="isBuffer">Whether it is a buffer.</param>
internal sealed class TensorSlot(nn.Module owner, string name, string fullName, bool isBuffer)
{
    public string FullName { get; } = fullName;

    /// <summary>Whether the module still has such a tensor.</summary>
    public bool Exists => Find() is { IsInvalid: false };

    /// <summary>The tensor.</summary>
    public Tensor Value => Find() ?? throw new InvalidOperationException($"The model no longer has '{FullName}'.");

    /// <summary>Whether it is a buffer rather than a parameter.</summary>
    public bool IsBuffer => isBuffer;

    /// <summary>All parameters and buffers of the modules.</summary>
    public static IEnumerable<TensorSlot> In(IEnumerable<ModuleNode> nodes) => nodes.SelectMany(In);

    /// <summary>The parameters and buffers of a module itself.</summary>
    public static IEnumerable<TensorSlot> In(ModuleNode node)
    {
        var prefix = node.Path.Length == 0 ? "" : node.Path + ".";
        return node.Module.named_parameters(recurse: false).Select(own => new TensorSlot(node.Module, own.name, prefix + own.name, isBuffer: false))
            .Concat(node.Module.named_buffers(recurse: false).Select(own => new TensorSlot(node.Module, own.name, prefix + own.name, isBuffer: true)));
    }

    private Tensor? Find() => isBuffer
        ? owner.named_buffers(recurse: false).FirstOrDefault(own => own.name == name).buffer
        : owner.named_parameters(recurse: false).FirstOrDefault(own => own.name == name).parameter;
}
