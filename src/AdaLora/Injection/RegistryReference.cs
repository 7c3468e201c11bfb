using System.Runtime.CompilerServices;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace AdaLora.Injection;

/// <summary>
/// An entry of a module's registry of children. It is changed in place: register_module can only remove and append, which would change the order of
/// names, parameters and state.
/// </summary>
internal sealed class RegistryReference(ModuleNode owner, string name) : ModuleReference(owner)
{
    public override StorageKind? Storage => null;

    public override Type DeclaringType => Owner.Module.GetType();

    public override string Member => name;

    public override Type HeldType => typeof(nn.Module);

    public static IEnumerable<RegistryReference> In(ModuleNode owner) => Registry(owner.Module).Keys.Select(name => new RegistryReference(owner, name));

    public override nn.Module? Read() => Registry(Owner.Module).TryGetValue(name, out var module) ? module : null;

    public override void Write(nn.Module module) => Registry(Owner.Module)[name] = module;

    public override void Clear() => _ = Registry(Owner.Module).Remove(name);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_internal_submodules")]
    private static extern ref OrderedDict<string, nn.Module> Registry(nn.Module module);
}
