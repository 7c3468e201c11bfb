using System.Runtime.CompilerServices;
using TorchSharp;

namespace AdaLora.TestSupport;

/// <summary>Test projects run side by side; with one thread each they don't wait for each other's.</summary>
internal static class SingleThread
{
    [ModuleInitializer]
    internal static void Use() => torch.set_num_threads(1);
}
