using System.Runtime.CompilerServices;
using AdaLora.Devices;

namespace AdaLora.Build;

/// <summary>
/// Compiled into programs that are built with TorchBackend=external: loads libtorch before anything of TorchSharp is used, and ends the program with one line when that cannot be done. Exit
/// code 2, as for any input that cannot be used.
/// </summary>
internal static class ExternalLibTorchStart
{
    [ModuleInitializer]
    internal static void Load()
    {
        try
        {
            if (ExternalLibTorch.LoadFromEnvironment())
                return;
            Fail($"This program brings no libtorch. Set {ExternalLibTorch.FolderVariable} to the folder of one, such as site-packages/torch/lib of PyTorch.");
        }
        catch (LibTorchException e)
        {
            Fail(e.Message);
        }
    }

    private static void Fail(string message)
    {
        Console.Error.WriteLine(message);
        Environment.Exit(2);
    }
}
