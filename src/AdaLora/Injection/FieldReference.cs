using System.Reflection;
using AdaLora.Targeting;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>A field of any accessibility, including read-only, declared in the module's class or one of its bases.</summary>
internal sealed class FieldReference(ModuleNode owner, FieldInfo info) : ModuleReference(owner)
{
    public override StorageKind? Storage => StorageKind.Field;

    public override Type DeclaringType => info.DeclaringType!;

    public override string Member => ReadableName.Of(info.Name);

    public override Type HeldType => info.FieldType;

    public override nn.Module? Read() => info.GetValue(Owner.Module) as nn.Module;

    public override void Write(nn.Module module) => info.SetValue(Owner.Module, module);

    public override void Clear() => info.SetValue(Owner.Module, null);
}
