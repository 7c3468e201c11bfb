using System.Reflection;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// An element of a plain collection in a field, which TorchSharp does not know about; an obstacle if there is no way to put another module there.
/// </summary>
internal sealed class CollectionReference(
    ModuleNode owner, FieldInfo info, string member, Type heldType, Func<nn.Module?> read, Action<nn.Module>? write, bool isForward = false) : ModuleReference(owner)
{
    public override bool BypassesHooks => isForward;

    public override StorageKind? Storage => StorageKind.CollectionElement;

    public override Type DeclaringType => info.DeclaringType!;

    public override string Member => member;

    public override Type HeldType => heldType;

    public override string? Obstacle => write is null ? $"held by a {TypeNames.Of(info.FieldType)}, where it cannot be replaced" : base.Obstacle;

    public override nn.Module? Read() => read();

    public override void Write(nn.Module module) => write!(module);

    public override void Clear() => write?.Invoke(null!);
}
